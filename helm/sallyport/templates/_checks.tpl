{{/*
What cannot be right is refused before anything is installed, in a sentence that says what to set.
*/}}

{{- define "sallyport.checks" -}}
{{- include "sallyport.checks.given" . -}}
{{- include "sallyport.checks.owned" . -}}
{{- include "sallyport.checks.secrets" . -}}
{{- include "sallyport.checks.monitoring" . -}}
{{- end -}}

{{/* A value that may not be empty, and what to say when it is; Helm's `required` lets empty lists pass. */}}
{{- define "sallyport.needs" -}}
{{- if empty (first .) -}}
{{- fail (last .) -}}
{{- end -}}
{{- end -}}

{{- define "sallyport.checks.given" -}}
{{- include "sallyport.needs" (list .Values.secrets.keyRing.name "secrets.keyRing.name is empty: name the Secret that holds the key ring") -}}
{{- include "sallyport.needs" (list .Values.secrets.database.name "secrets.database.name is empty: name the Secret that holds the URL of PostgreSQL") -}}
{{- include "sallyport.needs" (list .Values.config.upstreams "config.upstreams is empty: name the services behind the gateway") -}}
{{- include "sallyport.needs" (list .Values.config.routes "config.routes is empty: without a route every request would be answered 404") -}}
{{- if eq (int .Values.listen.port) (int .Values.admin.port) -}}
{{- fail "listen.port and admin.port are the same: clients would reach the admin listener" -}}
{{- end -}}
{{- if and .Values.service.externalTrafficPolicy (eq .Values.service.type "ClusterIP") -}}
{{- fail "service.externalTrafficPolicy is for services of type LoadBalancer or NodePort: set service.type, or leave it out" -}}
{{- end -}}
{{- range $name, $_ := .Values.env -}}
{{- if or (hasKey $.Values.secretEnv $name) (has $name (list "DATABASE_URL" "REDIS_URL")) -}}
{{- fail (printf "env.%s comes from a Secret: leave it out of env" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Settings that the chart writes: said twice, one of the two would not hold. */}}
{{- define "sallyport.checks.owned" -}}
{{- $owned := dict "listen.address" "listen.address" "listen.port" "listen.port" -}}
{{- $_ := set $owned "listen.timeouts.drain" "drain.seconds" -}}
{{- $_ := set $owned "listen.timeouts.drainDelay" "drain.delaySeconds" -}}
{{- $_ := set $owned "admin.address" "admin.address" -}}
{{- $_ := set $owned "admin.port" "admin.port" -}}
{{- $_ := set $owned "keys.file" "secrets.keyRing" -}}
{{- $_ := set $owned "keys.ring" "secrets.keyRing" -}}
{{- $_ := set $owned "store.postgres.url" "secrets.database" -}}
{{- $_ := set $owned "store.sqlite" "secrets.database (replicas share PostgreSQL; the root file system is read-only)" -}}
{{- if .Values.migrations.enabled -}}
{{- $_ := set $owned "store.migrations" "migrations.enabled" -}}
{{- end -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $owned "listen.tls.certificates" "tls.secretName" -}}
{{- end -}}
{{- if .Values.secrets.redis.name -}}
{{- range list "url" "sentinel" "cluster" -}}
{{- $_ := set $owned (printf "cache.redis.%s" .) "secrets.redis, or leave secrets.redis.name empty" -}}
{{- end -}}
{{- else -}}
{{- $_ := set $owned "cache.redis.url" "secrets.redis" -}}
{{- end -}}
{{- range $path, $instead := $owned -}}
{{- $found := $.Values.config -}}
{{- range splitList "." $path -}}
{{- $found = kindIs "map" $found | ternary (get (kindIs "map" $found | ternary $found dict) .) "" -}}
{{- end -}}
{{- if ne (toString $found) "" -}}
{{- fail (printf "config.%s is written by the chart: set %s instead" $path $instead) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A ConfigMap is read by many. Neither message repeats what was found. */}}
{{- define "sallyport.checks.secrets" -}}
{{- $text := .Values.config | toYaml -}}
{{- if regexMatch "[a-z]://[^/@[:space:]]*:[^/@[:space:]]+@" $text -}}
{{- fail "config holds a URL with a password: keep it in a Secret and refer to it, with secretEnv and ${env:NAME}" -}}
{{- end -}}
{{- if contains "PRIVATE KEY-----" $text -}}
{{- fail "config holds a private key: keep it in a Secret and refer to it, with secretFiles and ${file:/run/sallyport/secrets/…}" -}}
{{- end -}}
{{- range regexFindAll "(?m)^[ -]*(password|sentinelPassword|value): .*$" $text -1 -}}
{{- if not (contains "${" .) -}}
{{- fail (printf "config holds a secret, in a setting named «%s»: keep it in a Secret and refer to it, with secretEnv and ${env:NAME}" (splitList ":" . | first | trimAll " -")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sallyport.checks.monitoring" -}}
{{- if and .Values.metrics.monitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.monitoring) -}}
{{- fail "networkPolicy.monitoring is empty, so that Prometheus would not get in: name its pods, or set metrics.monitor.enabled to false" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled .Values.networkPolicy.egress.enabled (not .Values.networkPolicy.egress.rules) -}}
{{- fail "networkPolicy.egress.rules is empty, so that the gateway would reach nothing: name PostgreSQL, Redis and the upstreams" -}}
{{- end -}}
{{- end -}}
