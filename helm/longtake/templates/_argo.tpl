{{/* The spec of a WorkflowTemplate, without what the pipeline does. Takes the root. */}}
{{- define "longtake.argoSpec" -}}
workflowMetadata:
  labels: {{- include "longtake.argoLabels" . | nindent 4 }}
serviceAccountName: {{ .Values.serviceAccount.name }}
automountServiceAccountToken: true # Argo's executor reports each pod's outcome to the API
securityContext: {{- include "longtake.podSecurity" . | nindent 2 }}
{{- with .Values.images.pullSecrets }}
imagePullSecrets: {{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with .Values.priorityClass.name }}
podPriorityClassName: {{ . }}
{{- end }}
podSpecPatch: '{"terminationGracePeriodSeconds": 120}'
ttlStrategy: {secondsAfterCompletion: {{ .Values.argo.keepSeconds | int64 }}}
parallelism: {{ .Values.argo.parallelism | int64 }}
{{- end }}

{{/* Labels of the Workflows that come of it, which are not Helm's own. Takes the root. */}}
{{- define "longtake.argoLabels" -}}
{{ mustMerge (dict "app.kubernetes.io/part-of" "longtake") .Values.labels | toYaml }}
{{- end }}

{{/* What the template of a step lacks: its pod. Takes the root and the name of the step. */}}
{{- define "longtake.argoStep" -}}
{{- $pod := include "longtake.pod" . | fromYaml -}}
metadata: {{- pick $pod "labels" "annotations" | toYaml | nindent 2 }}
{{- with $pod.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
activeDeadlineSeconds: {{ $pod.timeoutSeconds | int64 }}
{{- with $pod.retries }}
retryStrategy:
  limit: {{ . | int64 }}
  retryPolicy: Always
  # What may pass: a lost pod, one that was killed or told to end, and something that did not answer (30).
  expression: lastRetry.status == 'Error' or lastRetry.exitCode in ['-1', '30', '137', '143']
  backoff: {duration: 30s, factor: 2}
{{- end }}
volumes: {{- toYaml $pod.volumes | nindent 2 }}
container:
  image: {{ $pod.image }}
  imagePullPolicy: {{ .root.Values.images.pullPolicy }}
  env: {{- toYaml $pod.environment | nindent 4 }}
  resources: {{- toYaml $pod.resources | nindent 4 }}
  volumeMounts: {{- toYaml $pod.mounts | nindent 4 }}
  securityContext: {{- include "longtake.containerSecurity" .root | nindent 4 }}
{{- end }}

{{/* Defaults of a pipeline's parameters, by their names. Takes the root and the name of the pipeline. */}}
{{- define "longtake.argoDefaults" -}}
{{- $values := .root.Values -}}
raw: {{ $values.lake.raw }}
data_root: {{ $values.lake.dataRoot }}
{{- range $name, $value := get $values.pipelines (include "longtake.camel" .pipeline) | default dict }}
{{ snakecase $name }}: {{ toRawJson $value }}
{{- end }}
{{- range $stage, $config := $values.configs }}
{{ snakecase $stage }}_config: {{ toRawJson $config }}
{{- end }}
{{- end }}

{{/* A parameter's value as Argo has it: text as it is, all else as JSON. */}}
{{- define "longtake.argoText" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toRawJson . }}{{ end -}}
{{- end }}
