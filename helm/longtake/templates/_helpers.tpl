{{/* Prefix of the names of our objects: the release's name, with longtake in it. */}}
{{- define "longtake.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* Labels of every object; yours (values.labels) are what a bill is split by. */}}
{{- define "longtake.labels" -}}
{{- $ours := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version)
  "app.kubernetes.io/name" .Chart.Name
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "longtake" -}}
{{ mustMerge $ours .Values.labels | toYaml }}
{{- end }}

{{/* repository@digest, or repository:tag where no digest is given. Takes one of values.images and the root. */}}
{{- define "longtake.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Pod Security `restricted`, for a pod; the user is the one of every image. */}}
{{- define "longtake.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* And for a container: it writes to /tmp and /dev/shm alone. */}}
{{- define "longtake.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
readOnlyRootFilesystem: true
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* `8Gi` as a number of MiB. */}}
{{- define "longtake.mebibytes" -}}
{{- $unit := regexFind "[A-Z]i$" . -}}
{{ mul (. | trimSuffix $unit | int64) (get (dict "Mi" 1 "Gi" 1024 "Ti" 1048576) $unit) }}
{{- end }}
