"""The form engine: FHIR R4 Questionnaires read, answered and kept as QuestionnaireResponses.

Pure, but for `kept` and `actions`.

`reading` makes a Form of a Questionnaire and names what it cannot show; `answering` says which questions stand open
and what is wrong with the answers; `response` turns answers into a QuestionnaireResponse and back; `paths` evaluates
FHIRPath within limits.
"""
