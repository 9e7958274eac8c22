{{- /* Parts that the gateway's pods and the check of the configuration (config-check.yaml) share. */}}

{{- /* Whether pods mount the token and the CA of their service account: by value, or because the configuration reads those files. */}}
{{- define "gatehouse.automount" -}}
{{- $text := printf "%s%s" (toJson .Values.config) (toJson .Values.configFiles) }}
{{- if or .Values.serviceAccount.automount (contains "/run/secrets/kubernetes.io/serviceaccount" $text) }}true{{ else }}false{{ end }}
{{- end }}

{{- define "gatehouse.env" -}}
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "gatehouse.volumeMounts" -}}
{{- $v := .Values }}
# Directories, never subPath: subPath mounts are not updated.
- { name: config, mountPath: /etc/gatehouse, readOnly: true }
- { name: state, mountPath: /var/lib/gatehouse }
- { name: tmp, mountPath: /tmp }
- { name: admin, mountPath: /run/secrets/gatehouse-admin, readOnly: true }
{{- if $v.existingSecret }}
- { name: secrets, mountPath: /run/secrets/gatehouse, readOnly: true }
{{- end }}
{{- if $v.tls.existingSecret }}
- { name: tls, mountPath: /run/secrets/gatehouse-tls, readOnly: true }
{{- end }}
{{- if $v.state.redis.existingSecret }}
- { name: redis, mountPath: /run/secrets/gatehouse-redis, readOnly: true }
{{- end }}
{{- if $v.signing.existingSecret }}
- { name: signing, mountPath: /run/secrets/gatehouse-signing, readOnly: true }
{{- end }}
{{- with $v.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Volumes with Secrets that exist already. "optional": a missing one is an error of the check, not a pod that never starts. */}}
{{- define "gatehouse.secretVolumes" -}}
{{- $v := .root.Values }}
{{- $optional := .optional | ternary ", optional: true" "" }}
{{- if $v.existingSecret }}
- name: secrets
  secret: { secretName: {{ $v.existingSecret }}{{ $optional }} }
{{- end }}
{{- if $v.tls.existingSecret }}
- name: tls
  secret: { secretName: {{ $v.tls.existingSecret }}{{ $optional }} }
{{- end }}
{{- if $v.state.redis.existingSecret }}
- name: redis
  secret:
    secretName: {{ $v.state.redis.existingSecret }}
    {{- if .optional }}
    optional: true
    {{- end }}
    items:
      - { key: {{ $v.state.redis.key | quote }}, path: url }
      {{- if $v.state.redis.caKey }}
      - { key: {{ $v.state.redis.caKey | quote }}, path: ca.crt }
      {{- end }}
{{- end }}
{{- if $v.signing.existingSecret }}
- name: signing
  secret: { secretName: {{ $v.signing.existingSecret }}{{ $optional }} }
{{- end }}
{{- with $v.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gatehouse.scheduling" -}}
{{- $v := .Values }}
{{- with $v.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $key := list "priorityClassName" "runtimeClassName" "schedulerName" "dnsPolicy" }}
{{- with index $v $key }}
{{ $key }}: {{ . }}
{{- end }}
{{- end }}
{{- with $v.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
