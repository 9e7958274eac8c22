#!/bin/sh
# Configures the package and container clients of a job for the services that the gateway grants to it.
# Needs a POSIX shell and curl. docs/guides/ci/setup.md describes it.
#
#   . ./setup.sh             exports the variables of the clients into this shell
#   sh setup.sh              the same for programs that then read the file `env` in the printed directory
#   sh setup.sh --dry-run    prints each client with its file; writes nothing
#   sh setup.sh --renew      writes a new token to the same files
#   sh setup.sh --clean      removes the directory
#
# Variables: GATEHOUSE_URL; GATEHOUSE_TOKEN (with GATEHOUSE_USER), GATEHOUSE_ID_TOKEN, GATEHOUSE_TOKEN_FILE, or variables of
# GitHub and GitLab; GATEHOUSE_AUDIENCE; GATEHOUSE_DIR.
# Exit codes: 0 success, 1 the gateway refused, 2 invalid usage or environment, 3 the gateway did not decide.

case $- in *x*) gatehouse_trace=1 ;; *) gatehouse_trace= ;; esac
{ set +x; } 2>/dev/null
gatehouse_job=${CI_JOB_ID:-${GITHUB_RUN_ID:+$GITHUB_RUN_ID-${GITHUB_RUN_ATTEMPT:-1}-${GITHUB_JOB:-job}}}
GATEHOUSE_DIR=${GATEHOUSE_DIR:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/gatehouse-$(id -u)-${gatehouse_job:-$$}}
gatehouse_status=0
(
set +euf
unset IFS
umask 077
LC_ALL=C
export LC_ALL
dir=$GATEHOUSE_DIR
tab=$(printf '\t')
staging=

# The credential helper of docker and git. It is also the only code that exchanges credentials: `exchange` reads the
# lines of the file `source` from standard input. No secret is in an argument of a process.
helper_text() {
  cat <<'HELPER'
set +eu
umask 077
fail() { code=$1; shift; printf 'gatehouse: %s\n' "$*" | tr -d '\000-\011\013-\037\177' >&2; exit "$code"; }
is_token() { case $1 in '' | *[!A-Za-z0-9._~+/=-]*) return 1 ;; esac; }
# A member of a JSON object, with apostrophes for escaped quotes.
member() { sed "s/\\\\\"/'/g" | sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p' | sed 1q; }
# Sends the request in $1, in the syntax of a curl configuration; sets `body` and `status`.
call() {
  errors=
  for pause in ${pauses:-0 1 3}; do
    sleep "$pause"
    [ "$pause" != 3 ] || errors=show-error
    response=$(printf 'silent\n%s\nmax-time = 30\nproto = "=http,https"\nwrite-out = "\\n%%{http_code}"\n%s\n' "$errors" "$1" | curl -q --config -)
    status=${response##*
}
    body=${response%
*}
    case $status in 000 | '' | 5*) ;; *) return ;; esac
  done
  case $status in 5*) ;; *) fail 3 "no response from $url; check GATEHOUSE_URL and the network" ;; esac
}
read_source() {
  url='' kind='' user='' secret='' file='' audience=''
  while IFS= read -r line; do
    value=${line#*=}
    case ${line%%=*} in
      url) url=$value ;; kind) kind=$value ;; user) user=$value ;;
      secret) secret=$value ;; file) file=$value ;; audience) audience=$value ;;
    esac
  done
}
# The services of the credential, and the reason of a refusal.
ask_services() {
  call "url = \"$url/v1/users/me/services\"
header = \"Accept: text/tab-separated-values\"
user = \"$1:$2\""
}
refused() {
  message=$(printf '%s' "$body" | member message)
  [ -n "$message" ] || message=$(printf '%s' "$body" | member error_description)
  case $status in
    404) fail 2 "$url has no endpoint of Gatehouse (404); set GATEHOUSE_URL to server.publicUrl of the gateway" ;;
    429 | 5*) code=3 ;;
    *) code=1 ;;
  esac
  fail "$code" "$url refused the credential ($status): ${message:-no reason given}"
}
# Prints the token, its user name and the time at which it expires, one per line.
exchange() {
  case $kind in
    github)
      call "url = \"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$(printf '%s' "$audience" | sed 's/:/%3A/g; s,/,%2F,g')\"
header = \"Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\""
      secret=$(printf '%s' "$body" | member value) ;;
    file) secret=$(cat "$file" 2>/dev/null) || fail 2 "GATEHOUSE_TOKEN_FILE $file cannot be read" ;;
  esac
  is_token "$secret" || fail 2 "the credential is empty, or contains characters that no token contains"
  form='header = "Accept: application/json"'
  case $kind in
    deploy) form="$form
user = \"$user:$secret\"
data = \"grant_type=client_credentials\"" ;;
    *)
      type=id_token
      [ "$kind" = job ] && type=access_token
      form="$form
data = \"grant_type=urn:ietf:params:oauth:grant-type:token-exchange\"
data = \"subject_token_type=urn:ietf:params:oauth:token-type:$type\"
data-urlencode = \"subject_token=$secret\"" ;;
  esac
  call "url = \"$url/oauth/token\"
$form"
  token=$(printf '%s' "$body" | member access_token)
  lifetime=$(printf '%s' "$body" | sed -n 's/.*"expires_in" *: *\([0-9]*\).*/\1/p')
  if [ "$status" = 200 ] && is_token "$token" && [ -n "$lifetime" ]; then
    printf '%s\ngatehouse\n%s\n' "$token" "$(($(date +%s) + lifetime))"
    return
  fi
  case $status in 429 | 5*) refused ;; esac
  # A minted token cannot be exchanged, but used. Otherwise this response contains the reason.
  ask_services "${user:-gatehouse}" "$secret"
  [ "$status" = 200 ] || refused
  printf '%s\n%s\n0\n' "$secret" "${user:-gatehouse}"
}
# Sets `token` and `login`; renews a token that expires within a minute.
current() {
  { read -r token; read -r login; read -r expires; } <"$dir/token" || fail 2 "$dir is not complete; run setup.sh again"
  [ "$expires" -eq 0 ] && return
  [ "$((expires - $(date +%s)))" -ge 60 ] && return
  read_source <"$dir/source"
  if fresh=$(exchange); then
    printf '%s\n' "$fresh" >"$dir/token.$$" && mv -f "$dir/token.$$" "$dir/token"
    { read -r token; read -r login; read -r expires; } <"$dir/token"
  else
    [ "$expires" -gt "$(date +%s)" ] || exit 1
  fi
}
case ${1:-} in
  exchange) read_source; exchange ;;
  services) read_source; ask_services "$user" "$secret"; [ "$status" = 200 ] || refused; printf '%s' "$body" ;;
  probe) read_source; pauses=0; call "url = \"$2\"
user = \"$user:$secret\""; printf '%s' "$status" ;;
  get)
    read -r server
    host=${server#*://}
    host=${host%%/*}
    grep -qxF -e "$host" "$dir/registries" || { echo 'credentials not found in native keychain'; exit 1; }
    current
    printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}\n' "$host" "$login" "$token" ;;
  git)
    [ "${2:-}" = get ] || exit 0
    current
    printf 'username=%s\npassword=%s\n' "$login" "$token" ;;
  token) current; printf '%s\n' "$token" ;;
  list) echo '{}' ;;
  store | erase) cat >/dev/null ;;
  *) fail 2 'usage: docker-credential-gatehouse get|list|store|erase' ;;
esac
HELPER
}
helper=$(helper_text)

fail() {
  code=$1
  shift
  annotation=
  [ "${GITHUB_ACTIONS:-}" != true ] || annotation=::error::
  printf '%sgatehouse: %s\n' "$annotation" "$*" >&2
  leave "$code"
}
leave() {
  [ -z "$staging" ] || rm -rf "$staging"
  exit "$1"
}
run_helper() { sh -c "$helper" docker-credential-gatehouse "$@"; }

check_environment() {
  command -v curl >/dev/null 2>&1 || fail 2 'curl is not installed; install it in the image of the job'
  [ -n "${GATEHOUSE_URL:-}" ] || fail 2 'GATEHOUSE_URL is not set; set it to the URL of the gateway'
  url=${GATEHOUSE_URL%/}
  case $url in
    *[!A-Za-z0-9._~:/%-]*) fail 2 'GATEHOUSE_URL must be a URL such as https://gateway.example.com' ;;
    https://?* | http://127.0.0.1 | http://127.0.0.1[:/]* | http://localhost | http://localhost[:/]*) ;;
    *) fail 2 "GATEHOUSE_URL must start with https:// (http:// for this machine): $url" ;;
  esac
  for project in "${CI_PROJECT_DIR:-}" "${GITHUB_WORKSPACE:-}"; do
    [ -n "$project" ] || continue
    case $dir/ in "${project%/}"/*) fail 2 "GATEHOUSE_DIR $dir is in the project; artifacts and caches could contain it" ;; esac
  done
}

# A directory of another user, or a link, could show the token to that user.
check_directory() {
  case $dir in
    *[!A-Za-z0-9._/-]* | */../* | [!/]*) fail 2 "GATEHOUSE_DIR must be an absolute path of letters, digits and ._-: $dir" ;;
  esac
  [ ! -e "$dir" ] && [ ! -L "$dir" ] && return
  [ -d "$dir" ] && [ ! -L "$dir" ] && [ -O "$dir" ] || fail 2 "$dir exists and is not a directory of this user; set GATEHOUSE_DIR"
  chmod 700 "$dir" || fail 2 "$dir cannot be made private; set GATEHOUSE_DIR"
}

# Prints the lines of the file `source`.
find_source() {
  user='' secret='' file='' own=''
  [ -f "$dir/token" ] && own=$(sed 1q "$dir/token")
  if [ -n "$own" ] && [ "${GATEHOUSE_TOKEN:-}" = "$own" ] && grep -qxF -e "url=$url" "$dir/source"; then
    source=$(cat "$dir/source")
    return
  elif [ -n "${GATEHOUSE_TOKEN:-}" ]; then
    secret=$GATEHOUSE_TOKEN user=${GATEHOUSE_USER:-} kind=id
    case $secret in
      "${CI_JOB_TOKEN:-}" | glcbt-* | *-glcbt-*) kind=job ;;
      ghdt_*) kind=deploy name=${secret#ghdt_} user=${user:-${name%_*}} ;;
      *) case $user in '' | gatehouse) ;; gitlab-ci-token) kind=job ;; *) kind=deploy ;; esac ;;
    esac
  elif [ -n "${GATEHOUSE_ID_TOKEN:-}" ]; then
    secret=$GATEHOUSE_ID_TOKEN kind=id
  elif [ -n "${GATEHOUSE_TOKEN_FILE:-}" ]; then
    file=$GATEHOUSE_TOKEN_FILE kind=file
  elif [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
    kind=github
  elif [ "${GITHUB_ACTIONS:-}" = true ]; then
    fail 2 'this job has no ID token; give it "permissions: { id-token: write }"'
  elif [ -n "${CI_JOB_TOKEN:-}" ]; then
    secret=$CI_JOB_TOKEN kind=job
  else
    fail 2 'no credential: set GATEHOUSE_TOKEN, or in GitLab "id_tokens: { GATEHOUSE_ID_TOKEN: { aud: URL } }"'
  fi
  [ "$kind" = job ] && user=gitlab-ci-token
  case $user in *[!A-Za-z0-9.+_-]*) fail 2 'GATEHOUSE_USER contains characters that no user name contains' ;; esac
  source="url=$url
kind=$kind
user=$user
secret=$secret
file=$file
audience=${GATEHOUSE_AUDIENCE:-$url}"
}

# Sets `token`, `login`, `expires` and `services`.
ask_gateway() {
  issued=$(printf '%s\n' "$source" | run_helper exchange) || leave $?
  token=${issued%%
*}
  rest=${issued#*
}
  login=${rest%%
*}
  [ "${GITHUB_ACTIONS:-}" = true ] && printf '::add-mask::%s\n' "$token"
  credential=$(printf 'url=%s\nuser=%s\nsecret=%s' "$url" "$login" "$token")
  services=$(printf '%s\n' "$credential" | run_helper services) || leave $?
  # Every field is percent-encoded; any other character is not from the gateway.
  [ -z "$(printf '%s' "$services" | tr -d 'A-Za-z0-9._~%:/,\t\n-')" ] || fail 1 'the list of services is malformed'
}

# Lines of name, URL, scopes and resources of the services of a type.
of() {
  printf '%s\n' "$services" | while IFS=$tab read -r name type base scopes resources; do
    [ "$type" != "$1" ] || printf '%s\t%s\t%s\t%s\n' "$name" "$base" "$scopes" "$resources"
  done
}
has() { [ -n "$(of "$1")" ]; }
host_of() { printf '%s' "$1" | sed 's,^[a-z]*://,,; s,/.*,,'; }
identifier() { printf '%s' "$1" | sed 's/[^A-Za-z0-9]/_/g'; }
upper() { identifier "$1" | tr a-z A-Z; }
# `put FILE`: standard input becomes its content.
put() {
  target=/dev/null
  [ -z "$staging" ] || target=$staging/$1
  cat >"$target"
}
var() { [ -z "$staging" ] || printf '%s=%s\n' "$1" "$2" >>"$staging/variables"; }
report() { printf '%s\t%s\n' "$1" "$2"; }
# `own_file NAME FILE`: the settings of the user, whose file a variable replaces. Later runs find them in NAME.
own_file() {
  own=$2
  case $own in "$dir"/*) own=$dir/$1 ;; esac
  [ -f "$own" ] && [ -r "$own" ] || return 0
  put "$1" <"$own"
  cat "$own"
  echo
}

write_containers() {
  has oci || return 0
  of oci | while IFS=$tab read -r name base rest; do host_of "$base"; echo; done | sort -u | put registries || return 2
  {
    printf '{"credHelpers":{'
    of oci | while IFS=$tab read -r name base rest; do host_of "$base"; echo; done | sort -u | sed 's/.*/"&":"gatehouse"/' | tr '\n' ',' | sed 's/,$//'
    printf '}'
    [ ! -d "$home/.docker/cli-plugins" ] || printf ',"cliPluginsExtraDirs":["%s"]' "$home/.docker/cli-plugins"
    printf '}\n'
  } | put config.json || return 2
  var DOCKER_CONFIG "$dir"
  var REGISTRY_AUTH_FILE "$dir/config.json"
  var HELM_REGISTRY_CONFIG "$dir/config.json"
  # docker-container builders of buildx are in the directory that DOCKER_CONFIG replaces.
  builders=${BUILDX_CONFIG:-${DOCKER_CONFIG:-$home/.docker}/buildx}
  [ ! -d "$builders" ] || [ "$builders" = "$dir/buildx" ] || var BUILDX_CONFIG "$builders"
  report docker config.json
  report 'podman, skopeo, buildah, helm' config.json
}

# `@acme%2F%2A` is the scope @acme; a grant on other names makes the service the default registry.
npm_scopes() { printf '%s\n' "$1" | tr ',' '\n' | sed -n 's/^%40\([A-Za-z0-9._~-]*\)%2F.*/@\1/p' | sort -u; }
npm_default() { printf '%s\n' "$1" | tr ',' '\n' | grep -qv '^%40[A-Za-z0-9._~-]*%2F'; }
write_npm() {
  has npm || return 0
  {
    own_file own-npmrc "${NPM_CONFIG_USERCONFIG:-$home/.npmrc}"
    of npm | while IFS=$tab read -r name base scopes resources; do
      ! npm_default "$resources" || printf 'registry=%s\nalways-auth=true\n' "$base"
      npm_scopes "$resources" | while read -r scope; do printf '%s:registry=%s\n' "$scope" "$base"; done
      printf '%s:_authToken=%s\n' "${base#*:}" "$token"
    done
  } | put npmrc || return 2
  var NPM_CONFIG_USERCONFIG "$dir/npmrc"
  var npm_config_userconfig "$dir/npmrc"
  report 'npm, pnpm, yarn 1' npmrc
  base=$(of npm | while IFS=$tab read -r name base scopes resources; do ! npm_default "$resources" || echo "$base"; done | sed 1q)
  [ -n "$base" ] || return 0
  var YARN_NPM_REGISTRY_SERVER "$base"
  var YARN_NPM_AUTH_TOKEN "$token"
  var YARN_NPM_ALWAYS_AUTH true
  var BUN_CONFIG_REGISTRY "$base"
  var BUN_CONFIG_TOKEN "$token"
  report 'yarn, bun' env
}

write_python() {
  has pypi || return 0
  index=$(of pypi | while IFS=$tab read -r name base rest; do printf '%ssimple/ ' "$base"; done | sed 's/ $//')
  first=${index%% *}
  var PIP_INDEX_URL "$first"
  var UV_DEFAULT_INDEX "$first"
  if [ "$first" != "$index" ]; then
    var PIP_EXTRA_INDEX_URL "${index#* }"
    var UV_INDEX "${index#* }"
  fi
  of pypi | while IFS=$tab read -r name base rest; do
    id=$(upper "$name")
    # poetry reserves the name pypi.
    [ "$id" != PYPI ] || id=GATEHOUSE_PYPI
    var "POETRY_REPOSITORIES_${id}_URL" "$base"
    var "POETRY_HTTP_BASIC_${id}_USERNAME" "$login"
    var "POETRY_HTTP_BASIC_${id}_PASSWORD" "$token"
  done
  report 'pip, uv, poetry' 'env, netrc'
  base=$(of pypi | while IFS=$tab read -r name base scopes rest; do case $scopes in *write*) echo "$base" ;; esac; done | sed 1q)
  [ -n "$base" ] || return 0
  var TWINE_REPOSITORY_URL "$base"
  var TWINE_USERNAME "$login"
  var TWINE_PASSWORD "$token"
  var UV_PUBLISH_URL "$base"
  var UV_PUBLISH_USERNAME "$login"
  var UV_PUBLISH_PASSWORD "$token"
  report 'twine, uv publish' env
}

write_maven() {
  has maven || return 0
  {
    printf '<settings>\n  <servers>\n'
    of maven | while IFS=$tab read -r name base rest; do
      printf '    <server><id>%s</id><username>%s</username><password>%s</password></server>\n' "$name" "$login" "$token"
    done
    printf '  </servers>\n  <profiles>\n    <profile>\n      <id>gatehouse</id>\n      <repositories>\n'
    of maven | while IFS=$tab read -r name base rest; do
      printf '        <repository><id>%s</id><url>%s</url></repository>\n' "$name" "$base"
    done
    printf '      </repositories>\n    </profile>\n  </profiles>\n  <activeProfiles><activeProfile>gatehouse</activeProfile></activeProfiles>\n</settings>\n'
  } | put settings.xml || return 2
  # Maven reads MAVEN_ARGS since 3.9; older versions need: mvn -s "$GATEHOUSE_MAVEN_SETTINGS"
  var GATEHOUSE_MAVEN_SETTINGS "$dir/settings.xml"
  case ${MAVEN_ARGS:-} in *"$dir/settings.xml"*) var MAVEN_ARGS "$MAVEN_ARGS" ;; *[!A-Za-z0-9._/=:,\ -]*) ;; *) var MAVEN_ARGS "${MAVEN_ARGS:+$MAVEN_ARGS }-s $dir/settings.xml" ;; esac
  of maven | while IFS=$tab read -r name base rest; do
    id=$(identifier "$name")
    var "ORG_GRADLE_PROJECT_${id}Url" "$base"
    var "ORG_GRADLE_PROJECT_${id}Username" "$login"
    var "ORG_GRADLE_PROJECT_${id}Password" "$token"
  done
  report mvn settings.xml
  report gradle env
}

write_go() {
  has go || return 0
  var GOPROXY "$(of go | while IFS=$tab read -r name base rest; do printf '%s,' "${base%/}"; done | sed 's/,$//')"
  # The checksum database does not know private modules.
  private=$(of go | while IFS=$tab read -r name base scopes resources; do printf '%s\n' "$resources"; done | tr ',' '\n' |
    sed 's,%2F,/,g; s,/\(%2A\)*$,,' | grep -v '[%]' | grep . | tr '\n' ',' | sed 's/,$//')
  case ,${GONOSUMDB:-}, in
    *",$private,"*) private=$GONOSUMDB ;;
    ,,) ;;
    *[!A-Za-z0-9._~/,*-]*) ;;
    *) private=$GONOSUMDB,$private ;;
  esac
  [ -z "$private" ] || var GONOSUMDB "$private"
  report go 'env, netrc'
}

# netrc has one entry for a host; Go 1.26 looks it up with the port, other clients without.
write_netrc() {
  hosts=$({ of go; of pypi; of generic; of http; of helm; of maven; of deb; of rpm; } | while IFS=$tab read -r name base rest; do host_of "$base"; echo; done | sort -u)
  [ -n "$hosts" ] || return 0
  {
    printf '%s\n' "$hosts" | sed 'p; s/:[0-9]*$//' | sort -u | while read -r host; do
      printf 'machine %s login %s password %s\n' "$host" "$login" "$token"
    done
    own_file own-netrc "${NETRC:-$home/.netrc}"
  } | put netrc || return 2
  var NETRC "$dir/netrc"
  report 'programs that read NETRC' netrc
}

write_git() {
  first=${GATEHOUSE_GIT_CONFIG_COUNT:-${GIT_CONFIG_COUNT:-0}}
  case $first in *[!0-9]*) first=0 ;; esac
  count=$first
  for base in $({ of git; of gitlab; } | while IFS=$tab read -r name base rest; do printf '%s\n' "${base%/}"; done); do
    var "GIT_CONFIG_KEY_$count" "credential.$base.helper"
    var "GIT_CONFIG_VALUE_$count" "$dir/bin/docker-credential-gatehouse git"
    count=$((count + 1))
  done
  [ "$count" -ne "$first" ] || return 0
  var GIT_CONFIG_COUNT "$count"
  var GATEHOUSE_GIT_CONFIG_COUNT "$first"
  report 'git, git-lfs' env
}

# A variable cannot name a host with a port: its token is in a file, which replaces the one of the user.
write_terraform() {
  has terraform || has generic || return 0
  var TF_HTTP_USERNAME "$login"
  var TF_HTTP_PASSWORD "$token"
  files=env
  hosts=$(of terraform | while IFS=$tab read -r name base rest; do host_of "$base"; echo; done | sort -u)
  for host in $hosts; do
    case $host in
      *:*) files='env, terraformrc' ;;
      *) var "TF_TOKEN_$(printf '%s' "$host" | sed 's/-/__/g; s/[.]/_/g')" "$token" ;;
    esac
  done
  if [ "$files" != env ]; then
    {
      own_file own-terraformrc "${TF_CLI_CONFIG_FILE:-$home/.terraformrc}"
      for host in $hosts; do printf 'credentials "%s" {\n  token = "%s"\n}\n' "$host" "$token"; done
    } | put terraformrc || return 2
    var TF_CLI_CONFIG_FILE "$dir/terraformrc"
  fi
  report terraform "$files"
}

# bundler takes the credential of a host from a variable, gem only from the URL of a source.
write_gems() {
  has rubygems || return 0
  userinfo=$(printf '%s' "$login" | sed 's/%/%25/g; s/@/%40/g; s,/,%2F,g'):$token
  {
    printf ':sources:\n'
    of rubygems | while IFS=$tab read -r name base rest; do printf -- '- "%s://%s@%s"\n' "${base%%:*}" "$userinfo" "${base#*://}"; done
  } | put gemrc || return 2
  case :${GEMRC:-}: in
    *":$dir/gemrc:"*) var GEMRC "$GEMRC" ;;
    :: | *[!A-Za-z0-9._~/:-]*) var GEMRC "$dir/gemrc" ;;
    *) var GEMRC "$GEMRC:$dir/gemrc" ;;
  esac
  for host in $(of rubygems | while IFS=$tab read -r name base rest; do host_of "$base"; echo; done | sed 's/:.*//' | sort -u); do
    var "BUNDLE_$(printf '%s' "$host" | sed 's/-/___/g; s/[.]/__/g' | tr a-z A-Z)" "$userinfo"
  done
  report 'gem, bundle' 'gemrc, env'
}

# Feeds have their service index at one of two paths.
nuget_index() {
  for index in "$1index.json" "$1v3/index.json"; do
    [ "$(printf '%s\n' "$credential" | run_helper probe "$index" 2>/dev/null)" != 200 ] || { printf '%s' "$index"; return; }
  done
  printf '%sindex.json' "$1"
}

write_others() {
  of cargo | while IFS=$tab read -r name base rest; do
    id=$(upper "$name")
    var "CARGO_REGISTRIES_${id}_INDEX" "sparse+$base"
    var "CARGO_REGISTRIES_${id}_TOKEN" "$token"
  done
  ! has cargo || { var CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS cargo:token; report cargo env; }
  # Variables without the name of a remote would send the token to every remote.
  of conan | while IFS=$tab read -r name base rest; do
    id=$(upper "$name")
    var "CONAN_LOGIN_USERNAME_$id" "$login"
    var "CONAN_PASSWORD_$id" "$token"
  done
  ! has conan || report conan env
  if has nuget; then
    {
      printf '<configuration>\n  <packageSources>\n'
      of nuget | while IFS=$tab read -r name base rest; do printf '    <add key="%s" value="%s" protocolVersion="3" />\n' "$(identifier "$name")" "$(nuget_index "$base")"; done
      printf '  </packageSources>\n  <packageSourceCredentials>\n'
      of nuget | while IFS=$tab read -r name base rest; do
        id=$(identifier "$name")
        printf '    <%s><add key="Username" value="%s" /><add key="ClearTextPassword" value="%s" /></%s>\n' "$id" "$login" "$token" "$id"
      done
      printf '  </packageSourceCredentials>\n</configuration>\n'
    } | put NuGet.Config || return 2
    var RestoreConfigFile "$dir/NuGet.Config"
    var GATEHOUSE_NUGET_CONFIG "$dir/NuGet.Config"
    report 'nuget, dotnet' NuGet.Config
  fi
  if has helm; then
    {
      printf 'apiVersion: ""\ngenerated: "0001-01-01T00:00:00Z"\nrepositories:\n'
      of helm | while IFS=$tab read -r name base rest; do
        printf -- '- name: "%s"\n  url: "%s"\n  username: "%s"\n  password: "%s"\n' "$name" "${base%/}" "$login" "$token"
      done
    } | put repositories.yaml || return 2
    var HELM_REPOSITORY_CONFIG "$dir/repositories.yaml"
    report 'helm repo' repositories.yaml
  fi
}

# The file with the credentials of apt, which the configuration of the user may move.
apt_auth_file() {
  own=$(apt-config shell own Dir::Etc::netrc/f 2>/dev/null) || own=
  own=${own#*\'}
  own=${own%\'*}
  printf '%s' "${own:-/etc/apt/auth.conf}"
}

write_system_packages() {
  if has deb || has generic; then
    {
      { of deb; of generic; } | while IFS=$tab read -r name base rest; do printf 'machine %s login %s password %s\n' "$base" "$login" "$token"; done
      own_file own-apt-auth.conf "$(apt_auth_file)"
    } | put apt-auth.conf || return 2
    {
      own_file own-apt.conf "${APT_CONFIG:-}"
      printf 'Dir::Etc::netrc "%s";\n' "$dir/apt-auth.conf"
    } | put apt.conf || return 2
    var APT_CONFIG "$dir/apt.conf"
    report apt apt.conf
  fi
  has rpm || return 0
  of rpm | while IFS=$tab read -r name base rest; do
    printf '[%s]\nname=%s\nbaseurl=%s\nusername=%s\npassword=%s\n' "$name" "$name" "$base" "$login" "$token"
  done | put gatehouse.repo || return 2
  var DNF_VAR_gatehouse_user "$login"
  var DNF_VAR_gatehouse_token "$token"
  report dnf 'gatehouse.repo, env'
}

write_clients() {
  home=${HOME:-/nonexistent}
  write_containers && write_npm && write_python && write_maven && write_go && write_netrc && write_git && write_terraform && write_gems && write_others && write_system_packages
}

# Prints the clients with their files.
show() {
  while IFS=$tab read -r clients file; do
    missing=
    for program in $(printf '%s\n' "$clients" | tr ',' '\n' | sed 's/^ //; s/ .*//'); do
      command -v "$program" >/dev/null 2>&1 || [ "$program" = programs ] || missing="$missing $program"
    done
    printf 'gatehouse: %s: %s%s\n' "$clients" "$file" "${missing:+ (not installed:$missing)}"
  done
}

dry_run() {
  check_environment
  find_source
  ask_gateway
  printf 'gatehouse: files below %s\n' "$dir"
  write_clients | show
  [ -n "$services" ] || printf 'gatehouse: no service is granted to this credential\n'
}

set_up() {
  check_environment
  check_directory
  find_source
  ask_gateway
  staging=$dir.$$
  mkdir "$staging" 2>/dev/null && mkdir "$staging/bin" ||
    fail 2 "$staging cannot be created; set GATEHOUSE_DIR to a directory in a writable file system"
  trap 'rm -rf "$staging"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '%s\n' "$source" | put source
  printf '%s\n' "$issued" | put token
  : | put registries
  { printf '#!/bin/sh\ndir=%s\n' "$dir"; printf '%s\n' "$helper"; } | put bin/docker-credential-gatehouse
  chmod 700 "$staging/bin/docker-credential-gatehouse"
  var GATEHOUSE_DIR "$dir"
  var GATEHOUSE_TOKEN "$token"
  clients=$(write_clients) || fail 2 "$staging cannot be written"
  sed "s/'/'\\\\''/g; s/^\([^=]*\)=\(.*\)/export \1='\2'/" "$staging/variables" | put env
  printf 'case :$PATH: in *:%s/bin:*) ;; *) export PATH="%s/bin:$PATH" ;; esac\n' "$dir" "$dir" >>"$staging/env"
  install_files
  [ -z "$clients" ] || printf '%s\n' "$clients" | show
  [ -n "$services" ] || printf 'gatehouse: no service is granted to this credential\n'
  printf 'gatehouse: variables: . %s/env\n' "$dir"
}

# A rename is atomic: a client never reads an incomplete file.
install_files() {
  [ -d "$dir" ] || mv "$staging" "$dir" 2>/dev/null || fail 2 "$dir cannot be created"
  if [ -d "$staging" ]; then
    mkdir -p "$dir/bin"
    for file in "$staging"/* "$staging"/bin/*; do
      [ -d "$file" ] || mv -f "$file" "$dir${file#"$staging"}" || fail 2 "$dir cannot be written"
    done
  fi
  [ -O "$dir" ] && [ -f "$dir/env" ] || fail 2 "$dir is not a directory of this user; set GATEHOUSE_DIR"
  [ -n "${GITHUB_ENV:-}" ] || return 0
  cat "$dir/variables" >>"$GITHUB_ENV"
  [ -z "${GITHUB_PATH:-}" ] || printf '%s\n' "$dir/bin" >>"$GITHUB_PATH"
}

renew() {
  [ -f "$dir/source" ] || fail 2 "$dir was not set up; run setup.sh without --renew"
  GATEHOUSE_URL=$(sed -n 's/^url=//p' "$dir/source")
  source=$(cat "$dir/source")
  find_source() { :; }
  set_up
}

clean() {
  check_directory
  [ ! -e "$dir" ] || [ -f "$dir/source" ] || fail 2 "$dir was not created by setup.sh"
  rm -rf "$dir" || fail 2 "$dir cannot be removed"
}

case ${1:-} in
  --dry-run) dry_run ;;
  --renew) renew ;;
  --clean) clean ;;
  --help) printf 'usage: sh setup.sh [--dry-run | --renew | --clean]; see docs/guides/ci/setup.md\n' ;;
  '') set_up ;;
  *)
    # A sourced script sees the arguments of the shell that sources it.
    case ${0##*/} in setup.sh) fail 2 "unknown option $1; see --help" ;; *) set_up ;; esac ;;
esac
) || gatehouse_status=$?
# Only a directory that was set up is known to be of this user.
case $gatehouse_status${1:-} in
  0--clean | 0--dry-run | 0--help) ;;
  0*) . "$GATEHOUSE_DIR/env" ;;
esac
unset gatehouse_job
[ -z "$gatehouse_trace" ] || set -x
# `return` leaves a sourced script only.
[ "$gatehouse_status" -eq 0 ] || return "$gatehouse_status" 2>/dev/null || exit "$gatehouse_status"
