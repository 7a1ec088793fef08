//! The tables themselves, in the order of the specification.

use super::{BYTES, Field, HASH, Key, Kind, Table};

const fn required(key: Key, name: &'static str, kind: Kind) -> Field {
    Field { key, name, kind, required: true }
}

const fn optional(key: Key, name: &'static str, kind: Kind) -> Field {
    Field { key, name, kind, required: false }
}

/// PublicKeyCredentialRpEntity.
pub static RP: Table = Table {
    name: "rp",
    section: "6.1",
    fields: &[required(Key::Text("id"), "id", Kind::Text), optional(Key::Text("name"), "name", Kind::Text)],
};

/// PublicKeyCredentialUserEntity.
pub static USER: Table = Table {
    name: "user",
    section: "6.1",
    fields: &[
        required(Key::Text("id"), "id", Kind::Bytes { min: 1, max: 64 }),
        optional(Key::Text("name"), "name", Kind::Text),
        optional(Key::Text("displayName"), "displayName", Kind::Text),
    ],
};

/// PublicKeyCredentialParameters.
pub static PARAMETERS: Table = Table {
    name: "pubKeyCredParams entry",
    section: "6.1",
    fields: &[required(Key::Text("alg"), "alg", Kind::Int), required(Key::Text("type"), "type", Kind::Text)],
};

/// PublicKeyCredentialDescriptor; `transports` is ignored.
pub static DESCRIPTOR: Table = Table {
    name: "PublicKeyCredentialDescriptor",
    section: "6.1",
    fields: &[required(Key::Text("id"), "id", BYTES), required(Key::Text("type"), "type", Kind::Text)],
};

/// The options of makeCredential and getAssertion.
pub static OPTIONS: Table = Table {
    name: "options",
    section: "6.1",
    fields: &[
        optional(Key::Text("rk"), "rk", Kind::Bool),
        optional(Key::Text("up"), "up", Kind::Bool),
        optional(Key::Text("uv"), "uv", Kind::Bool),
    ],
};

/// Parameters of authenticatorMakeCredential (0x01).
pub static MAKE_CREDENTIAL: Table = Table {
    name: "authenticatorMakeCredential",
    section: "6.1",
    fields: &[
        required(Key::Int(0x01), "clientDataHash", HASH),
        required(Key::Int(0x02), "rp", Kind::Table(&RP)),
        required(Key::Int(0x03), "user", Kind::Table(&USER)),
        required(Key::Int(0x04), "pubKeyCredParams", Kind::Array(&Kind::Table(&PARAMETERS))),
        optional(Key::Int(0x05), "excludeList", Kind::Array(&Kind::Table(&DESCRIPTOR))),
        optional(Key::Int(0x06), "extensions", Kind::AnyMap),
        optional(Key::Int(0x07), "options", Kind::Table(&OPTIONS)),
        optional(Key::Int(0x08), "pinUvAuthParam", BYTES),
        optional(Key::Int(0x09), "pinUvAuthProtocol", Kind::Uint),
        optional(Key::Int(0x0a), "enterpriseAttestation", Kind::Uint),
        optional(Key::Int(0x0b), "attestationFormatsPreference", Kind::Array(&Kind::Text)),
    ],
};

/// Response of authenticatorMakeCredential.
pub static MAKE_CREDENTIAL_RESPONSE: Table = Table {
    name: "authenticatorMakeCredential response",
    section: "6.1",
    fields: &[
        required(Key::Int(0x01), "fmt", Kind::Text),
        required(Key::Int(0x02), "authData", Kind::AuthData),
        optional(Key::Int(0x03), "attStmt", Kind::AnyMap),
        optional(Key::Int(0x04), "epAtt", Kind::Bool),
        optional(Key::Int(0x05), "largeBlobKey", HASH),
        optional(Key::Int(0x06), "unsignedExtensionOutputs", Kind::AnyMap),
    ],
};

/// Parameters of authenticatorGetAssertion (0x02).
pub static GET_ASSERTION: Table = Table {
    name: "authenticatorGetAssertion",
    section: "6.2",
    fields: &[
        required(Key::Int(0x01), "rpId", Kind::Text),
        required(Key::Int(0x02), "clientDataHash", HASH),
        optional(Key::Int(0x03), "allowList", Kind::Array(&Kind::Table(&DESCRIPTOR))),
        optional(Key::Int(0x04), "extensions", Kind::AnyMap),
        optional(Key::Int(0x05), "options", Kind::Table(&OPTIONS)),
        optional(Key::Int(0x06), "pinUvAuthParam", BYTES),
        optional(Key::Int(0x07), "pinUvAuthProtocol", Kind::Uint),
    ],
};

/// Response of authenticatorGetAssertion and authenticatorGetNextAssertion.
pub static GET_ASSERTION_RESPONSE: Table = Table {
    name: "authenticatorGetAssertion response",
    section: "6.2",
    fields: &[
        optional(Key::Int(0x01), "credential", Kind::Table(&DESCRIPTOR)),
        required(Key::Int(0x02), "authData", Kind::AuthData),
        required(Key::Int(0x03), "signature", BYTES),
        optional(Key::Int(0x04), "user", Kind::Table(&USER)),
        optional(Key::Int(0x05), "numberOfCredentials", Kind::Uint),
        optional(Key::Int(0x06), "userSelected", Kind::Bool),
        optional(Key::Int(0x07), "largeBlobKey", HASH),
        optional(Key::Int(0x08), "unsignedExtensionOutputs", Kind::AnyMap),
    ],
};

/// The options that getInfo lists.
pub static AUTHENTICATOR_OPTIONS: Table = Table {
    name: "options",
    section: "6.4",
    fields: &[
        optional(Key::Text("ep"), "ep", Kind::Bool),
        optional(Key::Text("rk"), "rk", Kind::Bool),
        optional(Key::Text("up"), "up", Kind::Bool),
        optional(Key::Text("uv"), "uv", Kind::Bool),
        optional(Key::Text("plat"), "plat", Kind::Bool),
        optional(Key::Text("uvAcfg"), "uvAcfg", Kind::Bool),
        optional(Key::Text("alwaysUv"), "alwaysUv", Kind::Bool),
        optional(Key::Text("credMgmt"), "credMgmt", Kind::Bool),
        optional(Key::Text("authnrCfg"), "authnrCfg", Kind::Bool),
        optional(Key::Text("bioEnroll"), "bioEnroll", Kind::Bool),
        optional(Key::Text("clientPin"), "clientPin", Kind::Bool),
        optional(Key::Text("largeBlobs"), "largeBlobs", Kind::Bool),
        optional(Key::Text("uvBioEnroll"), "uvBioEnroll", Kind::Bool),
        optional(Key::Text("perCredMgmtRO"), "perCredMgmtRO", Kind::Bool),
        optional(Key::Text("pinUvAuthToken"), "pinUvAuthToken", Kind::Bool),
        optional(Key::Text("setMinPINLength"), "setMinPINLength", Kind::Bool),
        optional(Key::Text("makeCredUvNotRqd"), "makeCredUvNotRqd", Kind::Bool),
        optional(Key::Text("credentialMgmtPreview"), "credentialMgmtPreview", Kind::Bool),
        optional(Key::Text("userVerificationMgmtPreview"), "userVerificationMgmtPreview", Kind::Bool),
        optional(Key::Text("noMcGaPermissionsWithClientPin"), "noMcGaPermissionsWithClientPin", Kind::Bool),
    ],
};

/// Response of authenticatorGetInfo (0x04).
pub static GET_INFO_RESPONSE: Table = Table {
    name: "authenticatorGetInfo response",
    section: "6.4",
    fields: &[
        required(Key::Int(0x01), "versions", Kind::Array(&Kind::Text)),
        optional(Key::Int(0x02), "extensions", Kind::Array(&Kind::Text)),
        required(Key::Int(0x03), "aaguid", Kind::Bytes { min: 16, max: 16 }),
        optional(Key::Int(0x04), "options", Kind::Table(&AUTHENTICATOR_OPTIONS)),
        optional(Key::Int(0x05), "maxMsgSize", Kind::Uint),
        optional(Key::Int(0x06), "pinUvAuthProtocols", Kind::Array(&Kind::Uint)),
        optional(Key::Int(0x07), "maxCredentialCountInList", Kind::Uint),
        optional(Key::Int(0x08), "maxCredentialIdLength", Kind::Uint),
        optional(Key::Int(0x09), "transports", Kind::Array(&Kind::Text)),
        optional(Key::Int(0x0a), "algorithms", Kind::Array(&Kind::Table(&PARAMETERS))),
        optional(Key::Int(0x0b), "maxSerializedLargeBlobArray", Kind::Uint),
        optional(Key::Int(0x0c), "forcePINChange", Kind::Bool),
        optional(Key::Int(0x0d), "minPINLength", Kind::Uint),
        optional(Key::Int(0x0e), "firmwareVersion", Kind::Uint),
        optional(Key::Int(0x0f), "maxCredBlobLength", Kind::Uint),
        optional(Key::Int(0x10), "maxRPIDsForSetMinPINLength", Kind::Uint),
        optional(Key::Int(0x11), "preferredPlatformUvAttempts", Kind::Uint),
        optional(Key::Int(0x12), "uvModality", Kind::Uint),
        optional(Key::Int(0x13), "certifications", Kind::AnyMap),
        optional(Key::Int(0x14), "remainingDiscoverableCredentials", Kind::Uint),
        optional(Key::Int(0x15), "vendorPrototypeConfigCommands", Kind::Array(&Kind::Uint)),
        optional(Key::Int(0x16), "attestationFormats", Kind::Array(&Kind::Text)),
        optional(Key::Int(0x17), "uvCountSinceLastPinEntry", Kind::Uint),
        optional(Key::Int(0x18), "longTouchForReset", Kind::Bool),
        optional(Key::Int(0x19), "encIdentifier", HASH),
        optional(Key::Int(0x1a), "transportsForReset", Kind::Array(&Kind::Text)),
        optional(Key::Int(0x1b), "pinComplexityPolicy", Kind::Bool),
        optional(Key::Int(0x1c), "pinComplexityPolicyURL", BYTES),
        optional(Key::Int(0x1d), "maxPINLength", Kind::Uint),
        optional(Key::Int(0x1e), "encCredStoreState", HASH),
        optional(Key::Int(0x1f), "authenticatorConfigCommands", Kind::Array(&Kind::Uint)),
    ],
};

/// Parameters of authenticatorClientPIN (0x06).
pub static CLIENT_PIN: Table = Table {
    name: "authenticatorClientPIN",
    section: "6.5",
    fields: &[
        optional(Key::Int(0x01), "pinUvAuthProtocol", Kind::Uint),
        required(Key::Int(0x02), "subCommand", Kind::Uint),
        optional(Key::Int(0x03), "keyAgreement", Kind::Table(&COSE_KEY)),
        optional(Key::Int(0x04), "pinUvAuthParam", BYTES),
        optional(Key::Int(0x05), "newPinEnc", BYTES),
        optional(Key::Int(0x06), "pinHashEnc", BYTES),
        optional(Key::Int(0x09), "permissions", Kind::Uint),
        optional(Key::Int(0x0a), "rpId", Kind::Text),
    ],
};

/// Response of authenticatorClientPIN.
pub static CLIENT_PIN_RESPONSE: Table = Table {
    name: "authenticatorClientPIN response",
    section: "6.5",
    fields: &[
        optional(Key::Int(0x01), "keyAgreement", Kind::Table(&COSE_KEY)),
        optional(Key::Int(0x02), "pinUvAuthToken", BYTES),
        optional(Key::Int(0x03), "pinRetries", Kind::Uint),
        optional(Key::Int(0x04), "powerCycleState", Kind::Bool),
        optional(Key::Int(0x05), "uvRetries", Kind::Uint),
    ],
};

/// Parameters of authenticatorBioEnrollment (0x09).
pub static BIO_ENROLLMENT: Table = Table {
    name: "authenticatorBioEnrollment",
    section: "6.7",
    fields: &[
        optional(Key::Int(0x01), "modality", Kind::Uint),
        optional(Key::Int(0x02), "subCommand", Kind::Uint),
        optional(Key::Int(0x03), "subCommandParams", Kind::AnyMap),
        optional(Key::Int(0x04), "pinUvAuthProtocol", Kind::Uint),
        optional(Key::Int(0x05), "pinUvAuthParam", BYTES),
        optional(Key::Int(0x06), "getModality", Kind::Bool),
    ],
};

/// Response of authenticatorBioEnrollment.
pub static BIO_ENROLLMENT_RESPONSE: Table = Table {
    name: "authenticatorBioEnrollment response",
    section: "6.7",
    fields: &[
        optional(Key::Int(0x01), "modality", Kind::Uint),
        optional(Key::Int(0x02), "fingerprintKind", Kind::Uint),
        optional(Key::Int(0x03), "maxCaptureSamplesRequiredForEnroll", Kind::Uint),
        optional(Key::Int(0x04), "templateId", BYTES),
        optional(Key::Int(0x05), "lastEnrollSampleStatus", Kind::Uint),
        optional(Key::Int(0x06), "remainingSamples", Kind::Uint),
        optional(Key::Int(0x07), "templateInfos", Kind::Array(&Kind::Table(&TEMPLATE_INFO))),
        optional(Key::Int(0x08), "maxTemplateFriendlyName", Kind::Uint),
    ],
};

/// Parameters of authenticatorCredentialManagement (0x0A).
pub static CREDENTIAL_MANAGEMENT: Table = Table {
    name: "authenticatorCredentialManagement",
    section: "6.8",
    fields: &[
        required(Key::Int(0x01), "subCommand", Kind::Uint),
        optional(Key::Int(0x02), "subCommandParams", Kind::AnyMap),
        optional(Key::Int(0x03), "pinUvAuthProtocol", Kind::Uint),
        optional(Key::Int(0x04), "pinUvAuthParam", BYTES),
    ],
};

/// Response of authenticatorCredentialManagement.
pub static CREDENTIAL_MANAGEMENT_RESPONSE: Table = Table {
    name: "authenticatorCredentialManagement response",
    section: "6.8",
    fields: &[
        optional(Key::Int(0x01), "existingResidentCredentialsCount", Kind::Uint),
        optional(Key::Int(0x02), "maxPossibleRemainingResidentCredentialsCount", Kind::Uint),
        optional(Key::Int(0x03), "rp", Kind::Table(&RP)),
        optional(Key::Int(0x04), "rpIDHash", HASH),
        optional(Key::Int(0x05), "totalRPs", Kind::Uint),
        optional(Key::Int(0x06), "user", Kind::Table(&USER)),
        optional(Key::Int(0x07), "credentialID", Kind::Table(&DESCRIPTOR)),
        optional(Key::Int(0x08), "publicKey", Kind::Table(&COSE_KEY)),
        optional(Key::Int(0x09), "totalCredentials", Kind::Uint),
        optional(Key::Int(0x0a), "credProtect", Kind::Uint),
        optional(Key::Int(0x0b), "largeBlobKey", HASH),
        optional(Key::Int(0x0c), "thirdPartyPayment", Kind::Bool),
    ],
};

/// Parameters of authenticatorLargeBlobs (0x0C).
pub static LARGE_BLOBS: Table = Table {
    name: "authenticatorLargeBlobs",
    section: "6.10",
    fields: &[
        optional(Key::Int(0x01), "get", Kind::Uint),
        optional(Key::Int(0x02), "set", BYTES),
        optional(Key::Int(0x03), "offset", Kind::Uint),
        optional(Key::Int(0x04), "length", Kind::Uint),
        optional(Key::Int(0x05), "pinUvAuthParam", BYTES),
        optional(Key::Int(0x06), "pinUvAuthProtocol", Kind::Uint),
    ],
};

/// Response of authenticatorLargeBlobs.
pub static LARGE_BLOBS_RESPONSE: Table = Table {
    name: "authenticatorLargeBlobs response",
    section: "6.10",
    fields: &[optional(Key::Int(0x01), "config", BYTES)],
};

/// Parameters of authenticatorConfig (0x0D).
pub static CONFIG: Table = Table {
    name: "authenticatorConfig",
    section: "6.11",
    fields: &[
        required(Key::Int(0x01), "subCommand", Kind::Uint),
        optional(Key::Int(0x02), "subCommandParams", Kind::AnyMap),
        optional(Key::Int(0x03), "pinUvAuthProtocol", Kind::Uint),
        optional(Key::Int(0x04), "pinUvAuthParam", BYTES),
    ],
};

/// A COSE_Key; for RSA, `crv` holds n and `x` holds e (RFC 8230).
pub static COSE_KEY: Table = Table {
    name: "COSE_Key",
    section: "6.5.6",
    fields: &[
        required(Key::Int(0x01), "kty", Kind::Int),
        required(Key::Int(0x03), "alg", Kind::Int),
        optional(Key::Int(-1), "crv", Kind::Any),
        optional(Key::Int(-2), "x", Kind::Any),
        optional(Key::Int(-3), "y", Kind::Any),
    ],
};

/// An attestation object.
pub static ATTESTATION_OBJECT: Table = Table {
    name: "attestation object",
    section: "WebAuthn 6.5.4",
    fields: &[
        required(Key::Text("fmt"), "fmt", Kind::Text),
        required(Key::Text("attStmt"), "attStmt", Kind::AnyMap),
        required(Key::Text("authData"), "authData", Kind::AuthData),
    ],
};

/// The members that attestation statements have.
pub static ATTESTATION_STATEMENT: Table = Table {
    name: "attStmt",
    section: "WebAuthn 8",
    fields: &[
        optional(Key::Text("alg"), "alg", Kind::Int),
        optional(Key::Text("sig"), "sig", BYTES),
        optional(Key::Text("ver"), "ver", Kind::Text),
        optional(Key::Text("x5c"), "x5c", Kind::Array(&BYTES)),
        optional(Key::Text("pubArea"), "pubArea", BYTES),
        optional(Key::Text("certInfo"), "certInfo", BYTES),
    ],
};

/// The extension identifiers of CTAP 2.3 §12, as members of an extension map. What a member's value is depends on
/// the command and on the direction, so every one may be anything.
pub static EXTENSIONS: Table = Table {
    name: "extensions",
    section: "12",
    fields: &[
        optional(Key::Text("credBlob"), "credBlob", Kind::Any),
        optional(Key::Text("largeBlob"), "largeBlob", Kind::Any),
        optional(Key::Text("credProtect"), "credProtect", Kind::Any),
        optional(Key::Text("hmac-secret"), "hmac-secret", Kind::Any),
        optional(Key::Text("largeBlobKey"), "largeBlobKey", Kind::Any),
        optional(Key::Text("minPinLength"), "minPinLength", Kind::Any),
        optional(Key::Text("hmac-secret-mc"), "hmac-secret-mc", Kind::Any),
        optional(Key::Text("thirdPartyPayment"), "thirdPartyPayment", Kind::Any),
        optional(Key::Text("pinComplexityPolicy"), "pinComplexityPolicy", Kind::Any),
    ],
};

/// The input of the extensions `hmac-secret` (at assertion) and `hmac-secret-mc`.
pub static HMAC_SECRET: Table = Table {
    name: "hmac-secret",
    section: "12.7",
    fields: &[
        required(Key::Int(0x01), "keyAgreement", Kind::Table(&COSE_KEY)),
        required(Key::Int(0x02), "saltEnc", BYTES),
        required(Key::Int(0x03), "saltAuth", BYTES),
        optional(Key::Int(0x04), "pinUvAuthProtocol", Kind::Uint),
    ],
};

/// `subCommandParams` of authenticatorBioEnrollment.
pub static BIO_ENROLLMENT_PARAMS: Table = Table {
    name: "subCommandParams",
    section: "6.7",
    fields: &[
        optional(Key::Int(0x01), "templateId", BYTES),
        optional(Key::Int(0x02), "templateFriendlyName", Kind::Text),
        optional(Key::Int(0x03), "timeoutMilliseconds", Kind::Uint),
    ],
};

/// An entry of `templateInfos`.
pub static TEMPLATE_INFO: Table = Table {
    name: "templateInfo",
    section: "6.7",
    fields: &[
        required(Key::Int(0x01), "templateId", BYTES),
        optional(Key::Int(0x02), "templateFriendlyName", Kind::Text),
    ],
};

/// `subCommandParams` of authenticatorCredentialManagement.
pub static CREDENTIAL_MANAGEMENT_PARAMS: Table = Table {
    name: "subCommandParams",
    section: "6.8",
    fields: &[
        optional(Key::Int(0x01), "rpIDHash", HASH),
        optional(Key::Int(0x02), "credentialID", Kind::Table(&DESCRIPTOR)),
        optional(Key::Int(0x03), "user", Kind::Table(&USER)),
    ],
};

/// `subCommandParams` of authenticatorConfig's setMinPINLength.
pub static SET_MIN_PIN_LENGTH: Table = Table {
    name: "setMinPINLength",
    section: "6.11.4",
    fields: &[
        optional(Key::Int(0x01), "newMinPINLength", Kind::Uint),
        optional(Key::Int(0x02), "minPinLengthRPIDs", Kind::Array(&Kind::Text)),
        optional(Key::Int(0x03), "forceChangePin", Kind::Bool),
        optional(Key::Int(0x04), "pinComplexityPolicy", Kind::Bool),
    ],
};

/// `subCommandParams` of vendorPrototype; further keys are the vendor's.
pub static VENDOR_PROTOTYPE_PARAMS: Table = Table {
    name: "vendorPrototype",
    section: "6.11.3",
    fields: &[optional(Key::Int(0x01), "vendorCommandId", Kind::Uint)],
};

/// One of the statements inside a compound attestation statement.
pub static COMPOUND_ENTRY: Table = Table {
    name: "compound attStmt entry",
    section: "WebAuthn 8.9",
    fields: &[
        required(Key::Text("fmt"), "fmt", Kind::Text),
        required(Key::Text("attStmt"), "attStmt", Kind::AnyMap),
    ],
};

/// Every table.
pub static ALL_TABLES: &[&Table] = &[
    &RP,
    &USER,
    &PARAMETERS,
    &DESCRIPTOR,
    &OPTIONS,
    &MAKE_CREDENTIAL,
    &MAKE_CREDENTIAL_RESPONSE,
    &GET_ASSERTION,
    &GET_ASSERTION_RESPONSE,
    &AUTHENTICATOR_OPTIONS,
    &GET_INFO_RESPONSE,
    &CLIENT_PIN,
    &CLIENT_PIN_RESPONSE,
    &BIO_ENROLLMENT,
    &BIO_ENROLLMENT_RESPONSE,
    &CREDENTIAL_MANAGEMENT,
    &CREDENTIAL_MANAGEMENT_RESPONSE,
    &LARGE_BLOBS,
    &LARGE_BLOBS_RESPONSE,
    &CONFIG,
    &COSE_KEY,
    &ATTESTATION_OBJECT,
    &ATTESTATION_STATEMENT,
    &EXTENSIONS,
    &HMAC_SECRET,
    &BIO_ENROLLMENT_PARAMS,
    &TEMPLATE_INFO,
    &CREDENTIAL_MANAGEMENT_PARAMS,
    &SET_MIN_PIN_LENGTH,
    &VENDOR_PROTOTYPE_PARAMS,
    &COMPOUND_ENTRY,
];
