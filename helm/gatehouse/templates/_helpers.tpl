{{- define "gatehouse.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "gatehouse.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "gatehouse.name" . }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "gatehouse.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "gatehouse.selectorLabels" -}}
app.kubernetes.io/name: {{ include "gatehouse.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* `name`: another app.kubernetes.io/name, for pods that no Service selects. */}}
{{- define "gatehouse.labels" -}}
app.kubernetes.io/name: {{ .name | default (include "gatehouse.name" .) }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Name, namespace, labels and annotations of an object: (dict "root" $ "suffix" "-x" "name" … "labels" … "annotations" …). */}}
{{- define "gatehouse.metadata" -}}
name: {{ include "gatehouse.fullname" .root }}{{ .suffix }}
namespace: {{ include "gatehouse.namespace" .root }}
labels:
  {{- include "gatehouse.labels" (dict "Values" .root.Values "Chart" .root.Chart "Release" .root.Release "name" .name) | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Of an object outside the namespace of the chart: (dict "root" $ "name" …). */}}
{{- define "gatehouse.clusterMetadata" -}}
name: {{ .name }}
labels:
  {{- include "gatehouse.labels" .root | nindent 2 }}
{{- with .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "gatehouse.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

{{- define "gatehouse.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "gatehouse.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "gatehouse.adminSecretName" -}}
{{- default (printf "%s-admin" (include "gatehouse.fullname" .)) .Values.admin.existingSecret }}
{{- end }}

{{- define "gatehouse.hasExistingConfig" -}}
{{- if or .Values.existingConfigMap .Values.existingConfigSecret }}true{{ end }}
{{- end }}

{{- /* The most pods that there can be. */}}
{{- define "gatehouse.maxReplicas" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.maxReplicas }}
{{- else if .Values.keda.enabled }}{{ .Values.keda.maxReplicas }}
{{- else }}{{ .Values.replicaCount }}{{ end }}
{{- end }}

{{- /* Where Redis is named, by the chart's value or in the configuration itself. */}}
{{- define "gatehouse.hasRedis" -}}
{{- if or .Values.state.redis.existingSecret (dig "state" "redis" "" (default dict .Values.config)) (and (include "gatehouse.hasExistingConfig" .) .Values.existingConfigIsShared) }}true{{ end }}
{{- end }}

{{- define "gatehouse.hasSigningKeys" -}}
{{- if or .Values.signing.existingSecret (dig "signing" "keys" "" (default dict .Values.config)) (and (include "gatehouse.hasExistingConfig" .) .Values.existingConfigIsShared) }}true{{ end }}
{{- end }}

{{- define "gatehouse.scheme" -}}
{{- if or .Values.tls.existingSecret (dig "server" "tls" "" (default dict .Values.config)) }}https{{ else }}http{{ end }}
{{- end }}
