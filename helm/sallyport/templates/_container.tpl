{{/*
The container of the gateway, and what a pod needs for it. The same in every mode.
*/}}

{{- define "sallyport.container" -}}
name: sallyport
image: {{ include "sallyport.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [node, dist/main.js, serve, --config, /etc/sallyport/sallyport.yaml]
ports:
  - name: sallyport
    containerPort: {{ .Values.listen.port }}
    protocol: TCP
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
  - name: sallyport-config
    mountPath: /etc/sallyport
    readOnly: true
  - name: sallyport-keys
    mountPath: /run/sallyport/keys
    readOnly: true
  {{- if .Values.tls.secretName }}
  - name: sallyport-tls
    mountPath: /run/sallyport/tls
    readOnly: true
  {{- end }}
  {{- with include "sallyport.secretFileMounts" . }}
  {{- . | trim | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Variables that the configuration refers to; values of secrets come from where they are kept. */}}
{{- define "sallyport.env" -}}
{{- $secrets := merge (dict "DATABASE_URL" .Values.secrets.database) .Values.secretEnv -}}
{{- if .Values.secrets.redis.name -}}
{{- $_ := set $secrets "REDIS_URL" .Values.secrets.redis -}}
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

{{- define "sallyport.volumes" -}}
- name: sallyport-config
  configMap:
    name: {{ include "sallyport.fullname" . }}-config
- name: sallyport-keys
  secret:
    secretName: {{ .Values.secrets.keyRing.name }}
    # 0440, in decimal: YAML parsers do not agree on octal.
    defaultMode: 288
    items:
      - key: {{ .Values.secrets.keyRing.key }}
        path: keys.json
{{- with .Values.tls.secretName }}
- name: sallyport-tls
  secret:
    secretName: {{ . }}
    # 0440, in decimal: YAML parsers do not agree on octal.
    defaultMode: 288
{{- end }}
{{- include "sallyport.secretFileVolumes" . }}
{{- end -}}

{{- define "sallyport.secretFileMounts" -}}
{{- range $folder, $_ := .Values.secretFiles }}
- name: sallyport-secret-{{ $folder }}
  mountPath: /run/sallyport/secrets/{{ $folder }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "sallyport.secretFileVolumes" -}}
{{- range $folder, $secret := .Values.secretFiles }}
- name: sallyport-secret-{{ $folder }}
  secret:
    secretName: {{ $secret }}
    # 0440, in decimal: YAML parsers do not agree on octal.
    defaultMode: 288
{{- end }}
{{- end -}}
