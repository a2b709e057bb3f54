{{/*
What mode decision says when it is installed: how ingress-nginx is told to ask, to be pasted.
*/}}

{{- define "sallyport.notes.decision" -}}
{{- $scheme := or .Values.tls.secretName (dig "decision" "tls" "" .Values.config) | empty | ternary "http" "https" -}}
Sallyport runs as {{ include "sallyport.fullname" . }} in {{ .Release.Namespace }} and is asked at port {{ .Values.decision.port }} of that Service.

For ingress-nginx, the annotations of each Ingress whose requests it is to decide on. The namespace of the Ingress is
taken to be default:

  nginx.ingress.kubernetes.io/auth-url: {{ $scheme }}://{{ include "sallyport.fullname" . }}.{{ .Release.Namespace }}.svc.cluster.local:{{ .Values.decision.port }}/nginx
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
{{- end -}}
