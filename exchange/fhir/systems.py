"""Every identifier system, code system, extension, profile and message definition used, in one place.

No URL literal of these stands anywhere else in the apps. Add to it in the section where it belongs.
"""

from enum import StrEnum


class System(StrEnum):
    """A URI that FHIR puts before a code or an identifier, or by which it names a definition."""

    # Identifiers ------------------------------------------------------------------------------------------------------
    NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
    ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
    ODS_LOWER = "https://fhir.nhs.uk/id/ods-organization-code"  # published examples use both; accept, never send
    ODS_SITE = "https://fhir.nhs.uk/Id/ods-site-code"
    SERVICE_ID = "https://fhir.nhs.uk/Id/dos-service-id"
    SERVICE_ID_PLAIN = "http://fhir.nhs.uk/Id/dos-service-id"  # published examples use both; accept, never send
    SDS_USER = "https://fhir.nhs.uk/Id/sds-user-id"
    SDS_ROLE_PROFILE = "https://fhir.nhs.uk/Id/sds-role-profile-id"
    GMC_NUMBER = "https://fhir.hl7.org.uk/Id/gmc-number"
    GMP_NUMBER = "https://fhir.hl7.org.uk/Id/gmp-number"
    NMC_NUMBER = "https://fhir.hl7.org.uk/Id/nmc-number"
    PRODUCT_ID = "https://fhir.nhs.uk/id/product-id"
    BARS_IDENTIFIER = "https://fhir.nhs.uk/Id/BaRS-Identifier"
    UUID = "https://tools.ietf.org/html/rfc4122"
    URI = "urn:ietf:rfc:3986"
    OUR_REFERRAL = "https://gpportal.example/Id/referral"
    OUR_PATIENT = "https://gpportal.example/Id/patient"

    # Clinical terminologies -------------------------------------------------------------------------------------------
    SNOMED = "http://snomed.info/sct"
    LOINC = "http://loinc.org"
    DMD = "https://dmd.nhs.uk"
    UCUM = "http://unitsofmeasure.org"
    RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
    ICD10_UK = "https://fhir.hl7.org.uk/Id/icd-10"

    # HL7 code systems -------------------------------------------------------------------------------------------------
    CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    CONDITION_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
    ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    ALLERGY_VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
    OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
    INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    PARTICIPATION_TYPE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
    CONTACT_ROLE = "http://terminology.hl7.org/CodeSystem/v2-0131"
    IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
    APPOINTMENT_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0276"
    CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
    SERVICE_CATEGORY = "http://terminology.hl7.org/CodeSystem/service-category"
    FLAG_CATEGORY = "http://terminology.hl7.org/CodeSystem/flag-category"
    USAGE_CONTEXT = "http://terminology.hl7.org/CodeSystem/usage-context-type"
    RESTFUL_SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"
    RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
    V3_NULL = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
    DATA_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

    MESSAGE_TRANSPORT = "http://terminology.hl7.org/CodeSystem/message-transport"

    # BaRS code systems ------------------------------------------------------------------------------------------------
    BARS_EVENT = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
    BARS_REASON = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
    BARS_REQUEST_CATEGORY = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest"
    BARS_USE_CASE = "https://fhir.nhs.uk/CodeSystem/usecases-categories-bars"
    BARS_CONSENT_CATEGORY = "https://fhir.nhs.uk/CodeSystem/consent-categories-bars"
    BARS_FLAG_CATEGORY = "https://fhir.nhs.uk/CodeSystem/flag-categories-bars"
    BARS_LOCATION_TYPE = "https://fhir.nhs.uk/CodeSystem/location-types-bars"
    MESSAGE_EVENT = "https://fhir.nhs.uk/CodeSystem/message-event"
    ERROR_CODE = "https://fhir.nhs.uk/Codesystem/http-error-codes"  # so published, with a small s
    BARS_REJECTED_REASON = "https://fhir.nhs.uk/CodeSystem/rejected-reasons-bars"
    BARS_ENCOUNTER_REASON = "https://fhir.nhs.uk/CodeSystem/message-reason-encounter"
    OUR_USE_CASE = "https://gpportal.example/fhir/CodeSystem/use-case"
    OUR_SOCIAL_CARE_REQUEST = "https://gpportal.example/fhir/StructureDefinition/ServiceRequest-social-care"

    # UK Core code systems ---------------------------------------------------------------------------------------------
    NHS_NUMBER_STATUS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
    NHS_NUMBER_STATUS_ENGLAND = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
    RECORD_HEADINGS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-RecordStandardHeadings"
    PERSON_RELATIONSHIP = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AdditionalPersonRelationshipRole"
    HUMAN_LANGUAGE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage"
    ETHNIC_CATEGORY = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategory"
    PRACTICE_SETTING = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCode"

    # Extensions -------------------------------------------------------------------------------------------------------
    EXT_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
    EXT_NHS_NUMBER_STATUS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
    EXT_GEOLOCATION = "http://hl7.org/fhir/StructureDefinition/geolocation"
    EXT_DISPLAY = "http://hl7.org/fhir/StructureDefinition/display"
    EXT_PATIENT_ANIMAL = "http://hl7.org/fhir/StructureDefinition/patient-animal"
    EXT_CONTACT_RANK = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactRank"
    EXT_DEATH_NOTIFICATION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
    EXT_NOMINATED_PHARMACY = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy"
    EXT_DISPENSING_DOCTOR = (
        "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PreferredDispenserOrganization"
    )
    EXT_APPLIANCE_SUPPLIER = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicalApplianceSupplier"
    EXT_ETHNIC_CATEGORY = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"

    EXT_MIN_VALUE = "http://hl7.org/fhir/StructureDefinition/minValue"
    EXT_MAX_VALUE = "http://hl7.org/fhir/StructureDefinition/maxValue"
    EXT_MIN_LENGTH = "http://hl7.org/fhir/StructureDefinition/minLength"
    EXT_INITIAL_EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression"
    EXT_CALCULATED_EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"

    # Value sets that forms name ---------------------------------------------------------------------------------------
    VS_YES_NO_UNKNOWN = "http://hl7.org/fhir/ValueSet/yesnodontknow"
    VS_GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
    YES_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"
    GENDER = "http://hl7.org/fhir/administrative-gender"

    # Profiles ---------------------------------------------------------------------------------------------------------
    BARS_BUNDLE = "https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"
    BARS_HEADER_REQUEST = "https://fhir.nhs.uk/StructureDefinition/BARSMessageHeader-servicerequest-request"
    BARS_HEADER_RESPONSE = "https://fhir.nhs.uk/StructureDefinition/BARSMessageHeader-servicerequest-response"
    BARS_SERVICE_REQUEST = "https://fhir.nhs.uk/StructureDefinition/BARSServiceRequest-request-referral"
    BARS_HEADER_BOOKING_RESPONSE = "https://fhir.nhs.uk/StructureDefinition/BARSMessageHeader-booking-response"
    BARS_VALIDATION_REQUEST = "https://fhir.nhs.uk/StructureDefinition/BARSServiceRequest-request-validation"
    UKCORE_APPOINTMENT = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Appointment"
    UKCORE_CARE_PLAN = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan"
    UKCORE_CONDITION = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition"
    UKCORE_CONSENT = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Consent"
    UKCORE_ENCOUNTER = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter"
    UKCORE_FLAG = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag"
    UKCORE_HEALTHCARE_SERVICE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-HealthcareService"
    UKCORE_LOCATION = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Location"
    UKCORE_ORGANIZATION = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Organization"
    UKCORE_PATIENT = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"
    UKCORE_PRACTITIONER = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Practitioner"
    UKCORE_PRACTITIONER_ROLE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-PractitionerRole"
    UKCORE_TASK = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Task"

    # Message definitions ----------------------------------------------------------------------------------------------
    PROCESS_MESSAGE = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
    MESSAGE_REFERRAL_REQUEST = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral"
    MESSAGE_REFERRAL_CANCELLED = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-cancelled"
    MESSAGE_REFERRAL_RESPONSE = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-response-referral"
    MESSAGE_VALIDATION_INTERIM = (
        "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-response-validation-interim"
    )
    MESSAGE_VALIDATION_FULL = (
        "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-response-validation-full"
    )
    MESSAGE_VALIDATION_REQUEST = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-validation"
    MESSAGE_REQUEST_CANCELLED = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-cancelled"
    MESSAGE_BOOKING_REQUEST = "https://fhir.nhs.uk/MessageDefinition/bars-message-booking-request"
    MESSAGE_BOOKING_CANCELLED = "https://fhir.nhs.uk/MessageDefinition/bars-message-booking-request-cancelled"

    def __str__(self) -> str:
        return self.value


#: Systems under which an organisation's ODS code is published.
ODS_SYSTEMS = frozenset({System.ODS, System.ODS_LOWER})
#: Systems under which a service's Directory of Services id is published.
SERVICE_ID_SYSTEMS = frozenset({System.SERVICE_ID, System.SERVICE_ID_PLAIN})
