{{/*
What the pod of a step is, from the values: pod_of of pipelines/cluster/pod.py, as a map that is read with fromYaml. Takes the
root and the name of the step. Argo's templates and the test are both dressed from it.
*/}}
{{- define "longtake.pod" -}}
{{- $values := .root.Values -}}
{{- $step := index $values.steps (include "longtake.camel" .step) -}}
{{- $pool := get $values.pools $step.pool | default dict -}}
image: {{ include "longtake.image" (dict "root" .root "image" (index $values.images $step.image)) }}
{{- $queue := dict }}
{{- with $pool.queue }}{{ $_ := set $queue "kueue.x-k8s.io/queue-name" . }}{{ end }}
labels: {{- include "longtake.podLabels" (dict "root" .root "stage" .step "more" $queue) | nindent 2 }}
annotations:
  longtake.io/metrics-port: {{ $values.metrics.port | quote }}
environment: {{- include "longtake.environment" (dict "root" .root "step" $step) | nindent 2 }}
resources: {{- include "longtake.resources" (dict "step" $step "pool" $pool) | nindent 2 }}
nodeSelector: {{- $pool.nodeSelector | default dict | toYaml | nindent 2 }}
tolerations: {{- include "longtake.tolerations" ($pool.tolerations | default list) | nindent 2 }}
mounts:
  - {name: shm, mountPath: /dev/shm}
  - {name: scratch, mountPath: /tmp}
volumes:
  - {name: shm, emptyDir: {medium: Memory, sizeLimit: {{ $step.shm }}}}
  - {name: scratch, emptyDir: {sizeLimit: {{ $step.scratch }}}}
timeoutSeconds: {{ $step.timeoutSeconds | int64 }}
retries: {{ $step.retries | int64 }}
{{- end }}

{{/* The key that values have for a step or stage: tsaTraining for tsa_training. camelcase gives TsaTraining in Helm 3, and either in Helm 4. */}}
{{- define "longtake.camel" -}}
{{ camelcase . | untitle }}
{{- end }}

{{/* Labels of a pod of ours, before yours; network policies and metrics go by longtake.io/stage. Takes the root, the stage, more. */}}
{{- define "longtake.podLabels" -}}
{{- $ours := dict "app.kubernetes.io/part-of" "longtake" "longtake.io/stage" .stage -}}
{{ mustMerge $ours .more .root.Values.labels | toYaml }}
{{- end }}

{{/* Environment of a step. Keys come from Secrets, in the order of their variables. Takes the root and the step. */}}
{{- define "longtake.environment" -}}
{{- $values := .root.Values -}}
{{- $s3 := $values.s3 -}}
{{- with $s3.endpoint -}}
- {name: AWS_ENDPOINT_URL_S3, value: {{ . | quote }}}
{{ end -}}
{{- with $s3.region -}}
- {name: AWS_REGION, value: {{ . | quote }}}
{{ end -}}
- {name: LONGTAKE_METRICS, value: "0.0.0.0:{{ $values.metrics.port }}"}
- {name: LONGTAKE_WORKERS, value: {{ .step.cpu | quote }}}
{{- $secrets := deepCopy .step.secretEnvironment -}}
{{- if eq $s3.credentials "secret" }}
{{- $_ := set $secrets "AWS_ACCESS_KEY_ID" (dict "name" $s3.secret.name "key" $s3.secret.accessKeyId) }}
{{- $_ := set $secrets "AWS_SECRET_ACCESS_KEY" (dict "name" $s3.secret.name "key" $s3.secret.secretAccessKey) }}
{{- else if eq $s3.credentials "external" }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
{{- $_ := set $secrets . (dict "name" "longtake-s3" "key" .) }}
{{- end }}
{{- end }}
{{- range $variable, $secret := $secrets }}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ $secret.name }}, key: {{ $secret.key | quote }}}}
{{- end }}
{{- end }}

{{/* Requests are limits: a step takes what it is given, and its neighbours are left alone. Takes the step and its pool. */}}
{{- define "longtake.resources" -}}
{{- $asked := dict "cpu" (.step.cpu | toString) "memory" .step.memory -}}
{{- if .step.accelerators }}
{{- $_ := set $asked (.pool.accelerator | default "") (.step.accelerators | toString) }}
{{- end -}}
{{ dict "requests" $asked "limits" $asked | toYaml }}
{{- end }}

{{/* Tolerations without the fields that say nothing. */}}
{{- define "longtake.tolerations" -}}
{{- $tolerations := list -}}
{{- range . }}
{{- $toleration := dict "operator" (.operator | default "Equal") }}
{{- range $name, $value := . }}{{ if $value }}{{ $_ := set $toleration $name $value }}{{ end }}{{ end }}
{{- $tolerations = append $tolerations $toleration }}
{{- end -}}
{{ $tolerations | toYaml }}
{{- end }}
