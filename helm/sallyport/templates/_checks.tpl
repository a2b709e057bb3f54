{{/*
What cannot be right is refused before anything is installed, in a sentence that says what to set.
*/}}

{{- define "sallyport.checks" -}}
{{- include "sallyport.checks.given" . -}}
{{- include "sallyport.checks.owned" . -}}
{{- include "sallyport.checks.secrets" . -}}
{{- if eq .Values.mode "decision" -}}
{{- include "sallyport.checks.decision" . -}}
{{- end -}}
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
{{- if or (hasKey $.Values.secretEnv $name) (has $name (list "DATABASE_URL" "REDIS_URL" "PROXY_SECRET" "NEXT_PROXY_SECRET")) -}}
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
{{- $asked := eq .Values.mode "decision" -}}
{{- if $asked -}}
{{- $_ := set $owned "decision.address" "decision.address" -}}
{{- $_ := set $owned "decision.port" "decision.port" -}}
{{- $_ := set $owned "decision.proxies" "secrets.proxy, decision.clientCertificates and decision.copies" -}}
{{- $_ := set $owned "decision.grpc" "decision.grpc" -}}
{{- $_ := set $owned "decision.tls.clientCertificates" "decision.clientCertificates" -}}
{{- end -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $owned ($asked | ternary "decision.tls.certificates" "listen.tls.certificates") "tls.secretName" -}}
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
{{- range dig "decision" "proxies" list .Values.config -}}
{{- range .secrets -}}
{{- if not (contains "${" .) -}}
{{- fail "config.decision.proxies holds a secret: keep it in a Secret and refer to it, with secretEnv and ${env:NAME}" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range regexFindAll "(?m)^[ -]*(password|sentinelPassword|value): .*$" $text -1 -}}
{{- if not (contains "${" .) -}}
{{- fail (printf "config holds a secret, in a setting named «%s»: keep it in a Secret and refer to it, with secretEnv and ${env:NAME}" (splitList ":" . | first | trimAll " -")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sallyport.checks.decision" -}}
{{- include "sallyport.needs" (list (or .Values.secrets.proxy.name .Values.decision.clientCertificates.secretName) "secrets.proxy.name is empty: name the Secret with what the ingress controller proves itself by; nobody else may ask. Or set decision.clientCertificates") -}}
{{- include "sallyport.checks.proxyCertificates" . -}}
{{- include "sallyport.needs" (list .Values.decision.copies "decision.copies is empty: name the headers that the ingress controller takes over from an answer") -}}
{{- if has (int .Values.decision.port) (list (int .Values.listen.port) (int .Values.admin.port)) -}}
{{- fail "decision.port is the port of another listener: give each its own" -}}
{{- end -}}
{{- if and .Values.decision.grpc.enabled (has (int .Values.decision.grpc.port) (list (int .Values.decision.port) (int .Values.listen.port) (int .Values.admin.port))) -}}
{{- fail "decision.grpc.port is the port of another listener: give each its own" -}}
{{- end -}}
{{- if ne .Values.service.type "ClusterIP" -}}
{{- fail (printf "service.type is %s: in mode decision it is ClusterIP, since whoever asks is in the cluster" .Values.service.type) -}}
{{- end -}}
{{- if or .Values.ingress.enabled .Values.httpRoute.enabled -}}
{{- fail "ingress and httpRoute lead clients to the gateway, which in mode decision takes none: set their `enabled` to false" -}}
{{- end -}}
{{- if .Values.networkPolicy.enabled -}}
{{- include "sallyport.needs" (list .Values.networkPolicy.proxies "networkPolicy.proxies is empty, so that nobody could ask: name the pods of the ingress controller") -}}
{{- range .Values.networkPolicy.proxies -}}
{{- if not (include "sallyport.namesPods" .) -}}
{{- fail "networkPolicy.proxies has an entry that is for every pod: name the pods of the ingress controller, or their namespace" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sallyport.checks.proxyCertificates" -}}
{{- with .Values.decision.clientCertificates -}}
{{- if and .names (not .secretName) -}}
{{- fail "decision.clientCertificates.secretName is empty: name the Secret with the authority of the certificates; no other counts" -}}
{{- end -}}
{{- if .secretName -}}
{{- include "sallyport.needs" (list .names "decision.clientCertificates.names is empty: name what the certificate of the ingress controller says; not all of the authority may ask") -}}
{{- include "sallyport.needs" (list $.Values.tls.secretName "tls.secretName is empty: certificates of clients are shown over TLS") -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Of an entry of `from`: something, unless it is for all pods there are. */}}
{{- define "sallyport.namesPods" -}}
{{- $peer := . -}}
{{- dig "ipBlock" "cidr" "" $peer -}}
{{- range $selector := list "namespaceSelector" "podSelector" -}}
{{- range $terms := list "matchLabels" "matchExpressions" -}}
{{- with dig $selector $terms "" $peer -}}{{- toJson . -}}{{- end -}}
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
