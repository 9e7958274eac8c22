#!/bin/sh
# Makes stand-ins for the Dockerfile's base images out of this machine, for where no container registry can be reached:
# localhost/node (a shell, node, npm) and localhost/distroless (node alone, user 65532).
#
#   test/container/base-images.sh NODE BUILDAH [OPTION…]
#   test/container/base-images.sh node_modules/node/bin/node buildah
set -eu

node=$(readlink -f "$1")
# …/npm/bin/npm-cli.js
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# copy_program FROM TO ROOT: a program and the libraries that it is linked with, at the places where the loader looks.
copy_program() {
  mkdir -p "$3$(dirname "$2")"
  cp -L "$1" "$3$2"
  ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$3$(dirname "$library")"
    cp -L "$library" "$3$library"
  done
}

# common ROOT: what both have beside node.
common() {
  mkdir -p "$1/etc/ssl/certs" "$1/tmp" "$1/root" "$1/nonroot" "$1/proc" "$1/dev" "$1/sys"
  chmod 1777 "$1/tmp"
  printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/nonroot:/sbin/nologin\n' >"$1/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$1/etc/group"
  cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
}

common "$work/build"
copy_program "$node" /usr/local/bin/node "$work/build"
for program in sh env mkdir rm; do
  copy_program "$(command -v "$program")" "/bin/$program" "$work/build"
done
mkdir -p "$work/build/usr/local/lib" "$work/build/usr/bin"
cp -rL "$npm" "$work/build/usr/local/lib/npm"
printf '#!/bin/sh\nexec node /usr/local/lib/npm/bin/npm-cli.js "$@"\n' >"$work/build/usr/local/bin/npm"
chmod 755 "$work/build/usr/local/bin/npm"
cat >"$work/build.Dockerfile" <<'END'
FROM scratch
COPY build /
ENV PATH=/usr/local/bin:/usr/bin:/bin
END

common "$work/runtime"
copy_program "$node" /nodejs/bin/node "$work/runtime"
cat >"$work/runtime.Dockerfile" <<'END'
FROM scratch
COPY runtime /
USER 65532
WORKDIR /nonroot
ENTRYPOINT ["/nodejs/bin/node"]
END

"$@" build --isolation chroot --tag localhost/node --file "$work/build.Dockerfile" "$work"
"$@" build --isolation chroot --tag localhost/distroless --file "$work/runtime.Dockerfile" "$work"
