{{/*
What mode decision says when it is installed: how ingress-nginx is told to ask, to be pasted.
*/}}

{{- define "sallyport.notes.decision" -}}
{{- $scheme := or .Values.tls.secretName (dig "decision" "tls" "" .Values.config) | empty | ternary "http" "https" -}}
Sallyport runs as {{ include "sallyport.fullname" . }} in {{ .Release.Namespace }} and is asked at port {{ .Values.decision.port }} of that Service.

For ingress-nginx, the annotations of each Ingress whose requests it is to decide on:

  nginx.ingress.kubernetes.io/auth-url: {{ $scheme }}://{{ include "sallyport.fullname" . }}.{{ .Release.Namespace }}.svc.cluster.local:{{ .Values.decision.port }}/nginx
  nginx.ingress.kubernetes.io/auth-method: GET
  nginx.ingress.kubernetes.io/auth-proxy-set-headers: ingress-nginx/sallyport-question
  nginx.ingress.kubernetes.io/auth-response-headers: {{ append .Values.decision.copies "X-Sallyport-Owner" | join "," }}

An answer is for one request: no auth-cache-key. In the namespace of the controller, which is taken to be ingress-nginx,
the ConfigMap that they name, with the secret that is in {{ .Values.secrets.proxy.name }}. Whoever reads it can ask:

  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: sallyport-question
    namespace: ingress-nginx
  data:
    X-Sallyport-Proxy: "the secret"
    X-Original-Upgrade: "$http_upgrade"
    X-Original-URI: ""
    X-Sallyport-Owner: ""
{{- end -}}
