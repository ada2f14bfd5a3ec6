"""A pretend Personal Demographics Service (PDS FHIR API, application-restricted access, reading only).

`python -m sandbox.pds --port P --data DIR --gpportal URL`. Its rules follow the published specification
(NHSDigital/personal-demographics-service-api); its people are the demonstration's.
"""
