{{/*
A container of the Job that comes before a release. It has no key ring, and runs one command.
*/}}

{{/* Of a list: the command, and the values of the chart. */}}
{{- define "sallyport.migrate.container" -}}
{{- $root := last . -}}
name: {{ first . }}
image: {{ include "sallyport.image" $root }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
command: [node, dist/main.js, {{ first . }}, --config, /etc/sallyport/sallyport.yaml]
env:
  {{- include "sallyport.env" $root | trim | nindent 2 }}
resources:
  {{- toYaml $root.Values.migrations.resources | nindent 2 }}
securityContext:
  {{- include "sallyport.containerSecurityContext" $root | nindent 2 }}
volumeMounts:
  {{- include "sallyport.configMounts" $root | nindent 2 }}
{{- end -}}
