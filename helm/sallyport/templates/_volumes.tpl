{{/*
What is mounted: the configuration, the files that it names, and for the gateway alone its key ring. Secrets have mode
0440, written in decimal because YAML parsers do not agree on octal; their owner is root, and their group the gateway's.
*/}}

{{- define "sallyport.volumes" -}}
{{- include "sallyport.configVolumes" (list (printf "%s-config" (include "sallyport.fullname" .)) .) | trim }}
- name: sallyport-keys
  secret:
    secretName: {{ .Values.secrets.keyRing.name }}
    defaultMode: 288
    items:
      - key: {{ .Values.secrets.keyRing.key }}
        path: keys.json
{{- end -}}

{{/* Of a list: the name of a ConfigMap, and the values of the chart. */}}
{{- define "sallyport.configVolumes" -}}
{{- $root := last . -}}
- name: sallyport-config
  configMap:
    name: {{ first . }}
{{- with $root.Values.tls.secretName }}
- name: sallyport-tls
  secret:
    secretName: {{ . }}
    defaultMode: 288
{{- end }}
{{- with include "sallyport.proxyAuthority" $root }}
- name: sallyport-proxies
  secret:
    secretName: {{ . }}
    defaultMode: 288
    items:
      - key: {{ $root.Values.decision.clientCertificates.key }}
        path: ca.crt
{{- end }}
{{- range $folder, $secret := $root.Values.secretFiles }}
- name: sallyport-secret-{{ $folder }}
  secret:
    secretName: {{ $secret }}
    defaultMode: 288
{{- end }}
{{- end -}}

{{- define "sallyport.configMounts" -}}
- name: sallyport-config
  mountPath: /etc/sallyport
  readOnly: true
{{- if .Values.tls.secretName }}
- name: sallyport-tls
  mountPath: /run/sallyport/tls
  readOnly: true
{{- end }}
{{- if include "sallyport.proxyAuthority" . }}
- name: sallyport-proxies
  mountPath: /run/sallyport/proxies
  readOnly: true
{{- end }}
{{- range $folder, $_ := .Values.secretFiles }}
- name: sallyport-secret-{{ $folder }}
  mountPath: /run/sallyport/secrets/{{ $folder }}
  readOnly: true
{{- end }}
{{- end -}}
