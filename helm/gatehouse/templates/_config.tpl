{{- /* The gateway's configuration: what the operator wrote under `config`, and what the chart knows better. */}}
{{- define "gatehouse.config" -}}
{{- $v := .Values }}
{{- $limits := dict "drain" (printf "%ds" (int $v.drain.seconds)) }}
{{- $admin := dict "listen" (printf "0.0.0.0:%d" (int $v.ports.admin)) "tokenFile" "/run/secrets/gatehouse-admin/token" }}
{{- if ne (toJson $v.admin.console) "true" }}
{{- $_ := set $admin "console" $v.admin.console }}
{{- end }}
{{- if $v.admin.hosts }}
{{- $_ := set $admin "hosts" $v.admin.hosts }}
{{- end }}
{{- $server := dict "listen" (printf "0.0.0.0:%d" (int $v.ports.http)) "admin" $admin "limits" $limits }}
{{- if $v.tls.existingSecret }}
{{- $_ := set $server "tls" (dict "certFile" "/run/secrets/gatehouse-tls/tls.crt" "keyFile" "/run/secrets/gatehouse-tls/tls.key") }}
{{- end }}
{{- $known := dict "version" 1 "server" $server }}
{{- if $v.state.redis.existingSecret }}
{{- $redis := dict "urlFile" "/run/secrets/gatehouse-redis/url" }}
{{- if $v.state.redis.caKey }}
{{- $_ := set $redis "caFile" "/run/secrets/gatehouse-redis/ca.crt" }}
{{- end }}
{{- $_ := set $known "state" (dict "redis" $redis) }}
{{- else if not (dig "state" "redis" "" (default dict $v.config)) }}
{{- $_ := set $known "state" (dict "sqlite" (dict "file" "/var/lib/gatehouse/gatehouse.db")) }}
{{- end }}
{{- if $v.signing.existingSecret }}
{{- $keys := list }}
{{- range $v.signing.keys }}
{{- $keys = append $keys (dict "file" (printf "/run/secrets/gatehouse-signing/%s" .)) }}
{{- end }}
{{- $_ := set $known "signing" (dict "keys" $keys) }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy (default dict $v.config)) $known) }}
{{- end }}

{{- /* The files of the configuration, as the data of a ConfigMap. */}}
{{- define "gatehouse.configData" -}}
gatehouse.yaml: |
  {{- include "gatehouse.config" . | nindent 2 }}
{{- range $name, $text := .Values.configFiles }}
{{ $name }}: |
  {{- $text | nindent 2 }}
{{- end }}
{{- end }}
