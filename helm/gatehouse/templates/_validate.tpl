{{- /* What cannot work does not render, and says why. */}}
{{- define "gatehouse.validate" -}}
{{- $v := .Values }}
{{- $existing := include "gatehouse.hasExistingConfig" . }}
{{- $several := gt (int (include "gatehouse.maxReplicas" .)) 1 }}
{{- range $old, $new := dict "replicas" "replicaCount" "automountServiceAccountToken" "serviceAccount.automount" "sidecars" "extraContainers" }}
{{- if hasKey $v $old }}
{{- fail (printf "%s was renamed: write %s instead" $old $new) }}
{{- end }}
{{- end }}
{{- range $v.ingress.hosts }}
{{- if kindIs "string" . }}
{{- fail (printf "ingress.hosts contains the text %q: write { host: %s, paths: [{ path: /, pathType: Prefix }] } instead" . .) }}
{{- end }}
{{- end }}
{{- if and $v.existingConfigMap $v.existingConfigSecret }}
{{- fail "existingConfigMap and existingConfigSecret: give one of them" }}
{{- end }}
{{- if and $existing (or $v.config $v.configFiles) }}
{{- fail "config is not used beside existingConfigMap or existingConfigSecret: give one of them" }}
{{- end }}
{{- if and (not $existing) (not $v.config) (not $v.configFiles) }}
{{- fail "config is empty: write the gateway's configuration there (services, issuers, identities), or name an existingConfigMap; ci/minimal-values.yaml shows the least" }}
{{- end }}
{{- $identities := dig "identities" dict (default dict $v.config) }}
{{- if and (kindIs "map" $identities) (gt (len $identities) 1) }}
{{- fail "config.identities is a mapping of more than one identity, which Helm sorts by name, and the first match applies: write it as a list (- name: payments …), which keeps its order" }}
{{- end }}
{{- range $name, $text := $v.configFiles }}
{{- $parsed := fromYaml $text }}
{{- if hasKey $parsed "Error" }}
{{- fail (printf "configFiles: %s is not a YAML mapping: %s" $name $parsed.Error) }}
{{- end }}
{{- range list "server" "state" "signing" }}
{{- if hasKey $parsed . }}
{{- fail (printf "configFiles: %s has %s, which the chart must see: write it below config" $name .) }}
{{- end }}
{{- end }}
{{- end }}
{{- range list "listen" "admin" "tls" }}
{{- if and (hasKey (dig "server" dict (default dict $v.config)) .) (or (ne . "tls") $v.tls.existingSecret) }}
{{- fail (printf "config.server.%s is the chart's: use ports, admin and tls of the values" .) }}
{{- end }}
{{- end }}
{{- range list "drain" "drainDelay" }}
{{- if dig "server" "limits" . "" (default dict $v.config) }}
{{- fail (printf "config.server.limits.%s is the chart's, so that pods are not killed before: use drain.seconds and drain.sleepSeconds" .) }}
{{- end }}
{{- end }}
{{- if dig "state" "sqlite" "" (default dict $v.config) }}
{{- fail "config.state.sqlite is the chart's: use state.persistence" }}
{{- end }}
{{- if and $v.state.redis.existingSecret (dig "state" "redis" "" (default dict $v.config)) }}
{{- fail "state.redis.existingSecret and config.state.redis: give one of them" }}
{{- end }}
{{- if and $v.signing.existingSecret (dig "signing" "keys" "" (default dict $v.config)) }}
{{- fail "signing.existingSecret and config.signing.keys: give one of them" }}
{{- end }}
{{- if and $v.autoscaling.enabled $v.keda.enabled }}
{{- fail "autoscaling and keda would both set the number of pods: enable one of them" }}
{{- end }}
{{- if and $v.serviceMonitor.enabled $v.podMonitor.enabled }}
{{- fail "serviceMonitor and podMonitor would count everything twice: enable one of them" }}
{{- end }}
{{- if and $several $existing (not $v.existingConfigIsShared) }}
{{- fail "more than one replica: the chart cannot see into the existing configuration. Where it names Redis (state.redis) and signing keys (signing.keys), say existingConfigIsShared: true" }}
{{- end }}
{{- if and $several (not (include "gatehouse.hasRedis" .)) }}
{{- fail "more than one replica needs Redis: a token that is revoked at one replica would still be accepted by the others. Set state.redis.existingSecret, or run one replica: replicaCount: 1, without autoscaling and keda" }}
{{- end }}
{{- if and $several (not (include "gatehouse.hasSigningKeys" .)) }}
{{- fail "more than one replica needs signing keys that all replicas share: set signing.existingSecret (openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256), or run one replica: replicaCount: 1, without autoscaling and keda" }}
{{- end }}
{{- if and $v.state.persistence.enabled (include "gatehouse.hasRedis" .) }}
{{- fail "state.persistence is for SQLite, and the state is in Redis: disable it" }}
{{- end }}
{{- $pdb := $v.podDisruptionBudget }}
{{- if and $several $pdb.enabled (eq (empty (toString $pdb.minAvailable)) (empty (toString $pdb.maxUnavailable))) }}
{{- fail "podDisruptionBudget: give exactly one of minAvailable and maxUnavailable; set the other to ''" }}
{{- end }}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs is empty: name the Gateway that the route belongs to" }}
{{- end }}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) }}
{{- fail "ingress.hosts is empty: name the hosts that clients use" }}
{{- end }}
{{- if and $v.keda.enabled (not $v.keda.triggers) }}
{{- fail "keda.triggers is empty: nothing would scale" }}
{{- end }}
{{- end }}
