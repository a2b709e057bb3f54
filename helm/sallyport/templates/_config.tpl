{{/*
The configuration of the gateway: `config` as it was given, and what the chart knows better, such as ports, places of
secrets and times of draining. No secret is in it, only where each is found.
*/}}

{{- define "sallyport.config" -}}
{{- include "sallyport.checks" . -}}
{{- $timeouts := dict "drain" (printf "%ds" (int .Values.drain.seconds)) "drainDelay" (printf "%ds" (int .Values.drain.delaySeconds)) -}}
{{- $listen := dict "address" .Values.listen.address "port" (int .Values.listen.port) "timeouts" $timeouts -}}
{{- $decision := dict -}}
{{- if eq .Values.mode "decision" -}}
{{/* Who holds a request asks about it, and nobody sends one: the data plane is there for the pod alone. */}}
{{- $_ := set $listen "address" "127.0.0.1" -}}
{{- $decision = include "sallyport.decision" . | fromYaml -}}
{{- end -}}
{{- if .Values.tls.secretName -}}
{{- $certificate := dict "certificate" "/run/sallyport/tls/tls.crt" "key" "/run/sallyport/tls/tls.key" -}}
{{- $tls := dict "certificates" (list $certificate) -}}
{{- if include "sallyport.proxyAuthority" . -}}
{{- $_ := set $tls "clientCertificates" (dict "ca" "/run/sallyport/proxies/ca.crt" "mode" .Values.decision.clientCertificates.mode) -}}
{{- end -}}
{{- $_ := set (eq .Values.mode "decision" | ternary $decision $listen) "tls" $tls -}}
{{- end -}}
{{- $store := dict "postgres" (dict "url" "${env:DATABASE_URL}") -}}
{{- if .Values.migrations.enabled -}}
{{- $_ := set $store "migrations" "manual" -}}
{{- end -}}
{{- $own := dict "listen" $listen "store" $store "keys" (dict "file" "/run/sallyport/keys/keys.json") -}}
{{- $_ := set $own "admin" (dict "address" .Values.admin.address "port" (int .Values.admin.port)) -}}
{{- with $decision -}}
{{- $_ := set $own "decision" . -}}
{{- end -}}
{{- if .Values.secrets.redis.name -}}
{{- $_ := set $own "cache" (dict "redis" (dict "url" "${env:REDIS_URL}")) -}}
{{- end -}}
{{/* Probes come from the node, so the admin listener is not on the loopback; the NetworkPolicy closes it to others. */}}
{{- $_ := set $own "insecure" (append (.Values.config.insecure | default list) "public-admin" | uniq) -}}
{{- mergeOverwrite (deepCopy .Values.config) $own | toYaml -}}
{{- end -}}

{{/* Who may ask what to do with a request: the ingress controller, by the secret that it was given or its certificate. */}}
{{- define "sallyport.decision" -}}
address: {{ .Values.decision.address | quote }}
port: {{ .Values.decision.port }}
{{- if .Values.decision.grpc.enabled }}
grpc:
  address: {{ .Values.decision.address | quote }}
  port: {{ .Values.decision.grpc.port }}
{{- end }}
proxies:
  - name: ingress-controller
    {{- if .Values.secrets.proxy.name }}
    secrets:
      - ${env:PROXY_SECRET}
      {{- if .Values.secrets.nextProxy.name }}
      - ${env:NEXT_PROXY_SECRET}
      {{- end }}
    {{- end }}
    {{- if include "sallyport.proxyAuthority" . }}
    certificates:
      {{- toYaml .Values.decision.clientCertificates.names | nindent 6 }}
    {{- end }}
    copies:
      {{- toYaml .Values.decision.copies | nindent 6 }}
{{- end -}}

{{/* The Secret with the authority of proxies' certificates; empty where none counts. */}}
{{- define "sallyport.proxyAuthority" -}}
{{- if eq .Values.mode "decision" -}}
{{- .Values.decision.clientCertificates.secretName -}}
{{- end -}}
{{- end -}}

{{/*
Changes when a running gateway could not take the configuration over, and only then: pods are replaced for it. All else
is reloaded by the pods as they are.
*/}}
{{- define "sallyport.restartChecksum" -}}
{{- $config := include "sallyport.config" . | fromYaml -}}
{{- $fixed := pick $config "listen" "admin" "decision" "keys" "store" "cache" "systemToken" -}}
{{- $limits := omit (get $fixed.listen "limits" | default dict) "headerCount" "targetBytes" -}}
{{- $_ := set $fixed "listen" (merge (dict "limits" $limits) (omit $fixed.listen "limits")) -}}
{{- if hasKey $config "tracing" -}}
{{- $_ := set $fixed "tracing" (omit $config.tracing "trust" "sampling") -}}
{{- end -}}
{{- $fixed | toJson | sha256sum -}}
{{- end -}}
