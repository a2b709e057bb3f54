{{/*
The container of the gateway, the same in every mode, and what every container of the image has.
*/}}

{{- define "sallyport.container" -}}
name: sallyport
image: {{ include "sallyport.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [node, dist/main.js, serve, --config, /etc/sallyport/sallyport.yaml]
ports:
  {{- if eq .Values.mode "decision" }}
  - name: decision
    containerPort: {{ .Values.decision.port }}
  {{- else }}
  - name: sallyport
    containerPort: {{ .Values.listen.port }}
  {{- end }}
    protocol: TCP
  {{- if and (eq .Values.mode "decision") .Values.decision.grpc.enabled }}
  - name: decision-grpc
    containerPort: {{ .Values.decision.grpc.port }}
    protocol: TCP
  {{- end }}
  - name: sallyport-admin
    containerPort: {{ .Values.admin.port }}
    protocol: TCP
env:
  {{- include "sallyport.env" . | trim | nindent 2 }}
{{- range $probe, $path := dict "startupProbe" "/livez" "livenessProbe" "/livez" "readinessProbe" "/readyz" }}
{{ $probe }}:
  httpGet:
    path: {{ $path }}
    port: sallyport-admin
  {{- toYaml (get $.Values.probes (trimSuffix "Probe" $probe)) | nindent 2 }}
{{- end }}
{{- with .Values.drain.preStopSeconds }}
lifecycle:
  preStop:
    sleep:
      seconds: {{ . }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- include "sallyport.containerSecurityContext" . | nindent 2 }}
volumeMounts:
  {{- include "sallyport.configMounts" . | trim | nindent 2 }}
  - name: sallyport-keys
    mountPath: /run/sallyport/keys
    readOnly: true
{{- end -}}

{{/* Variables that the configuration refers to; values of secrets come from where they are kept. */}}
{{- define "sallyport.env" -}}
{{- $secrets := merge (dict "DATABASE_URL" .Values.secrets.database) .Values.secretEnv -}}
{{- if .Values.secrets.redis.name -}}
{{- $_ := set $secrets "REDIS_URL" .Values.secrets.redis -}}
{{- end -}}
{{- if and (eq .Values.mode "decision") .Values.secrets.proxy.name -}}
{{- $_ := set $secrets "PROXY_SECRET" .Values.secrets.proxy -}}
{{- if .Values.secrets.nextProxy.name -}}
{{- $_ := set $secrets "NEXT_PROXY_SECRET" .Values.secrets.nextProxy -}}
{{- end -}}
{{- end -}}
{{- range $name, $secret := $secrets }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret.name }}
      key: {{ $secret.key }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* All that the «restricted» standard asks of a container. Nothing is written to the root file system. */}}
{{- define "sallyport.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* The group lets the gateway, and no other user, read the files of secrets, which belong to root. */}}
{{- define "sallyport.podSecurityContext" -}}
runAsNonRoot: true
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}
