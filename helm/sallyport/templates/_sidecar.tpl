{{/*
What another chart includes to put the gateway into its own pods, each with the values of this chart:

    {{- $gateway := .Subcharts.sallyport }}
    {{ include "sallyport.sidecar.container" $gateway }}

helm/examples/legacy-service does it whole.
*/}}

{{- define "sallyport.sidecar.check" -}}
{{- if ne .Values.mode "sidecar" -}}
{{- fail (printf "mode is «%s»: set it to sidecar, or the gateway runs in pods of its own as well" .Values.mode) -}}
{{- end -}}
{{- end -}}

{{/* An entry of `containers`. */}}
{{- define "sallyport.sidecar.container" -}}
{{- include "sallyport.sidecar.check" . -}}
{{- include "sallyport.container" . -}}
{{- end -}}

{{/* Entries of `volumes`. */}}
{{- define "sallyport.sidecar.volumes" -}}
{{- include "sallyport.volumes" . -}}
{{- end -}}

{{/* Annotations of the pod: it is replaced when the gateway has to restart. */}}
{{- define "sallyport.sidecar.annotations" -}}
checksum/sallyport-restart: {{ include "sallyport.restartChecksum" . }}
{{- end -}}

{{/* `securityContext` of the pod. */}}
{{- define "sallyport.sidecar.podSecurityContext" -}}
{{- include "sallyport.podSecurityContext" . -}}
{{- end -}}

{{/* `terminationGracePeriodSeconds` of the pod. */}}
{{- define "sallyport.sidecar.graceSeconds" -}}
{{- include "sallyport.drain.graceSeconds" . -}}
{{- end -}}

{{/* `lifecycle` of the service's container: all containers are told to stop at once, and it has to outlast the gateway. */}}
{{- define "sallyport.sidecar.serviceLifecycle" -}}
preStop:
  sleep:
    seconds: {{ include "sallyport.drain.needsSeconds" . | int | max 1 }}
{{- end -}}
