{{/*
What is wrong with a cron, in the words of check_cron of pipelines/cluster/cron.py, or nothing; the schema has seen to it that
there are six fields and the first is 0. Takes the root and the cron.
*/}}
{{- define "longtake.cronFault" -}}
{{- $fields := (.root.Files.Get "files/facts.yaml" | fromYaml).cron -}}
{{- $cron := .cron -}}
{{- $fault := "" -}}
{{- range $n, $text := regexSplit " +" .cron -1 -}}
  {{- $field := index $fields $n -}}
  {{- range splitList "," $text -}}
    {{- $good := regexMatch "^([*?]|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/0*[1-9][0-9]*)?$" . -}}
    {{- $least := $field.first | int -}}
    {{- range regexSplit "/.*$" . -1 | first | splitList "-" -}}
      {{- if not (has . (list "*" "?" "")) -}}
        {{- $number := -1 -}}
        {{- if hasKey $field.numbers (lower .) -}}
          {{- $number = get $field.numbers (lower .) | int -}}
        {{- else if regexMatch "^[0-9]{1,2}$" . -}}
          {{- $number = atoi . -}}
        {{- end -}}
        {{- $good = and $good (ge $number $least) (le $number (int $field.last)) -}}
        {{- $least = $number -}}
      {{- end -}}
    {{- end -}}
    {{- if not (or $good $fault) -}}
      {{- $fault = printf "the cron '%s' has the %s '%s'; expected %s" $cron $field.name $text $field.expected -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{ $fault }}
{{- end }}
