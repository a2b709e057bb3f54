{{/*
How a pod ends. On SIGTERM the gateway goes on for `delaySeconds`, not ready any more, and then gives requests in flight
`seconds`. The grace period holds both, whatever comes before them, and what is written down at the end.
*/}}

{{- define "sallyport.drain.needsSeconds" -}}
{{- add (int .Values.drain.preStopSeconds) (int .Values.drain.delaySeconds) (int .Values.drain.seconds) -}}
{{- end -}}

{{- define "sallyport.drain.graceSeconds" -}}
{{- $needs := include "sallyport.drain.needsSeconds" . | int -}}
{{- $given := .Values.drain.graceSeconds -}}
{{- if kindIs "invalid" $given -}}
{{- add $needs 10 -}}
{{- else if lt (int $given) (add $needs 5 | int) -}}
{{- fail (printf "drain.graceSeconds is %d, and the gateway would be killed while it drains: preStopSeconds, delaySeconds and seconds take %d together; set it to %d or more, or leave it out" (int $given) $needs (add $needs 5)) -}}
{{- else -}}
{{- int $given -}}
{{- end -}}
{{- end -}}
