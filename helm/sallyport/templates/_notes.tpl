{{/*
What mode decision says when it is installed: how ingress-nginx is told to ask, to be pasted.
*/}}

{{- define "sallyport.notes.decision" -}}
{{- $scheme := or .Values.tls.secretName (dig "decision" "tls" "" .Values.config) | empty | ternary "http" "https" -}}
{{- $host := printf "%s.%s.svc.cluster.local" (include "sallyport.fullname" .) .Release.Namespace -}}
{{- $certificates := .Values.decision.clientCertificates -}}
Sallyport runs as {{ include "sallyport.fullname" . }} in {{ .Release.Namespace }} and is asked at port {{ .Values.decision.port }} of that Service.
{{- if .Values.decision.grpc.enabled }}

Envoy asks by gRPC, {{ eq $scheme "https" | ternary "over TLS" "over HTTP/2 without TLS" }}, at

  {{ $host }}:{{ .Values.decision.grpc.port }}
{{- end }}
{{- if $certificates.secretName }}

Whoever asks proves itself by a certificate of the authority in {{ $certificates.secretName }} for {{ join " or " $certificates.names }}.
{{- end }}
{{- if and $certificates.secretName (or (eq $certificates.mode "required") (not .Values.secrets.proxy.name)) }}
ingress-nginx has none to show when it asks: it needs secrets.proxy, and decision.clientCertificates.mode optional.
{{- else }}

For ingress-nginx, the annotations of each Ingress whose requests it is to decide on. The namespace of the Ingress is
taken to be default:

  nginx.ingress.kubernetes.io/auth-url: {{ $scheme }}://{{ $host }}:{{ .Values.decision.port }}/nginx
  nginx.ingress.kubernetes.io/auth-proxy-set-headers: default/sallyport-question
  nginx.ingress.kubernetes.io/auth-response-headers: {{ append .Values.decision.copies "X-Sallyport-Owner" | join "," }}

No auth-cache-key, since an answer is for one request; and no auth-method, with which ingress-nginx says X-Original-URI
itself, which no request may have. In the same namespace the ConfigMap, with the secret that is in {{ .Values.secrets.proxy.name }}.
Whoever reads it can ask:

  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: sallyport-question
    namespace: default
  data:
    X-Sallyport-Proxy: "the secret"
    X-Original-Upgrade: "$http_upgrade"
    X-Original-URI: ""
    X-Sallyport-Owner: ""
{{- end }}
{{- end -}}
