//! The words of the specifications for numbers and members.

/// What a member of a table is for. `member` is the name that is shown, so `n` and `e` for RSA.
pub(super) fn gloss(table: &str, member: &str) -> Option<&'static str> {
    Some(match (table, member) {
        ("options" | "extensions", _) => return option(member).or_else(|| extension(member)),
        ("COSE_Key", "n") => "modulus",
        ("COSE_Key", "e") => "public exponent",
        ("COSE_Key", "kty") => "key type",
        ("COSE_Key", "crv") => "curve",
        ("COSE_Key", "x") => "x-coordinate",
        ("COSE_Key", "y") => "y-coordinate",
        ("COSE_Key", "pub") => "public key",
        ("user", "id") => "user handle",
        ("PublicKeyCredentialDescriptor", "id") => "credential id",
        ("rp", "id") => "RP ID",
        (_, "alg") => "COSE algorithm",
        (_, "clientDataHash") => "SHA-256 of the client data",
        (_, "rpIDHash") => "SHA-256 of the RP ID",
        (_, "pubKeyCredParams") => "algorithms, the favourite first",
        (_, "excludeList") => "no new credential beside one of these",
        (_, "allowList") => "only these credentials may answer",
        (_, "pinUvAuthParam") => "proof by the token, a MAC",
        (_, "attestationFormatsPreference") => "the RP's favourite first",
        (_, "authData") => "authenticator data",
        (_, "fmt") => "attestation statement format",
        (_, "attStmt") => "attestation statement",
        (_, "epAtt") => "whether the attestation is an enterprise one",
        (_, "signature") => "over authData ‖ clientDataHash",
        ("attStmt", "sig") => "attestation signature",
        ("attStmt", "x5c") => "X.509 certificates, leaf first",
        ("attStmt", "certInfo") => "TPMS_ATTEST: what the TPM signed",
        ("attStmt", "pubArea") => "TPMT_PUBLIC: the key in the TPM",
        ("attStmt", "ver") => "TPM version",
        (_, "numberOfCredentials") => "how many answers getNextAssertion continues",
        (_, "userSelected") => "the user chose on the authenticator",
        (_, "largeBlobKey") => "encrypts this credential's large blob",
        (_, "aaguid") => "the authenticator's model",
        (_, "maxMsgSize") => "in bytes",
        (_, "minPINLength" | "maxPINLength" | "newMinPINLength") => "in code points",
        (_, "pinUvAuthProtocols") => "the favourite first",
        (_, "algorithms") => "the favourite first",
        (_, "firmwareVersion") => "grows with each release of this model",
        (_, "remainingDiscoverableCredentials") => "an estimate",
        (_, "keyAgreement") => "ephemeral ECDH key",
        (_, "newPinEnc") => "the new PIN, encrypted",
        (_, "pinHashEnc") => "LEFT(SHA-256(PIN), 16), encrypted",
        (_, "pinUvAuthToken") => "encrypted for the platform",
        (_, "saltEnc") => "one or two salts, encrypted",
        (_, "saltAuth") => "MAC of saltEnc",
        (_, "encIdentifier" | "encCredStoreState") => "iv ‖ ciphertext",
        _ => return None,
    })
}

/// Source: CTAP 2.3 §6.1, §6.2 and §6.4, the tables of options.
fn option(name: &str) -> Option<&'static str> {
    Some(match name {
        "plat" => "built into the platform",
        "rk" => "discoverable credentials",
        "clientPin" => "a PIN: supported, and set if true",
        "up" => "user presence",
        "uv" => "built-in user verification",
        "pinUvAuthToken" => "tokens with permissions",
        "noMcGaPermissionsWithClientPin" => "a PIN does not suffice for mc and ga",
        "largeBlobs" => "authenticatorLargeBlobs",
        "ep" => "enterprise attestation",
        "bioEnroll" => "authenticatorBioEnrollment",
        "uvBioEnroll" => "be permission by built-in verification",
        "authnrCfg" => "authenticatorConfig",
        "uvAcfg" => "acfg permission by built-in verification",
        "credMgmt" => "authenticatorCredentialManagement",
        "perCredMgmtRO" => "persistent read-only management",
        "setMinPINLength" => "the minimum PIN length can be set",
        "makeCredUvNotRqd" => "non-discoverable credentials without UV",
        "alwaysUv" => "user verification always",
        _ => return None,
    })
}

/// Source: CTAP 2.3 §12.
fn extension(name: &str) -> Option<&'static str> {
    Some(match name {
        "credProtect" => "when it may be used · CTAP 2.3 §12.1",
        "credBlob" => "a small blob with the credential · CTAP 2.3 §12.2",
        "largeBlobKey" => "a key for a large blob · CTAP 2.3 §12.3",
        "largeBlob" => "a large blob with the credential · CTAP 2.3 §12.4",
        "minPinLength" => "tells the RP the minimum PIN length · CTAP 2.3 §12.5",
        "pinComplexityPolicy" => "tells the RP of a PIN policy · CTAP 2.3 §12.6",
        "hmac-secret" => "secrets from the RP's salts · CTAP 2.3 §12.7",
        "hmac-secret-mc" => "hmac-secret at creation · CTAP 2.3 §12.8",
        "thirdPartyPayment" => "for payments on other sites · CTAP 2.3 §12.9",
        _ => return None,
    })
}

/// Attestation statement formats. Source: WebAuthn Level 3 §8.
pub(super) fn format(name: &str) -> Option<&'static str> {
    Some(match name {
        "packed" => "WebAuthn L3 §8.2",
        "tpm" => "WebAuthn L3 §8.3",
        "android-key" => "WebAuthn L3 §8.4",
        "android-safetynet" => "WebAuthn L3 §8.5",
        "fido-u2f" => "WebAuthn L3 §8.6",
        "none" => "no attestation · WebAuthn L3 §8.7",
        "apple" => "WebAuthn L3 §8.8",
        "compound" => "WebAuthn L3 §8.9",
        _ => return None,
    })
}

/// Source: CTAP 2.3 §6.4, `versions`.
pub(super) fn version(name: &str) -> Option<&'static str> {
    Some(match name {
        "FIDO_2_3" => "CTAP 2.3",
        "FIDO_2_2" => "never defined",
        "FIDO_2_1" => "CTAP 2.1",
        "FIDO_2_1_PRE" => "prototypes of CTAP 2.1",
        "FIDO_2_0" => "CTAP 2.0",
        "U2F_V2" => "CTAP1",
        _ => return None,
    })
}

/// Source: IANA registry of COSE algorithms.
pub(super) fn algorithm(id: i128) -> Option<&'static str> {
    Some(match id {
        -7 => "ES256",
        -8 => "EdDSA",
        -9 => "ESP256",
        -19 => "Ed25519",
        -25 => "ECDH-ES + HKDF-256",
        -35 => "ES384",
        -36 => "ES512",
        -37 => "PS256",
        -38 => "PS384",
        -39 => "PS512",
        -47 => "ES256K",
        -48 => "ML-DSA-44",
        -49 => "ML-DSA-65",
        -50 => "ML-DSA-87",
        -51 => "ESP384",
        -52 => "ESP512",
        -53 => "Ed448",
        -257 => "RS256",
        -258 => "RS384",
        -259 => "RS512",
        -65535 => "RS1",
        _ => return None,
    })
}

/// Source: IANA registry of COSE key types.
pub(super) fn key_type(id: i128) -> Option<&'static str> {
    Some(match id {
        1 => "OKP",
        2 => "EC2",
        3 => "RSA",
        4 => "Symmetric",
        7 => "AKP",
        _ => return None,
    })
}

/// Source: IANA registry of COSE elliptic curves.
pub(super) fn curve(id: i128) -> Option<&'static str> {
    Some(match id {
        1 => "P-256",
        2 => "P-384",
        3 => "P-521",
        4 => "X25519",
        5 => "X448",
        6 => "Ed25519",
        7 => "Ed448",
        8 => "secp256k1",
        _ => return None,
    })
}

/// Source: CTAP 2.3 §6.5.5, §6.7, §6.8 and §6.11.
pub(super) fn sub_command(command: &str, id: i128) -> Option<&'static str> {
    Some(match (command, id) {
        ("authenticatorClientPIN", 1) => "getPINRetries",
        ("authenticatorClientPIN", 2) => "getKeyAgreement",
        ("authenticatorClientPIN", 3) => "setPIN",
        ("authenticatorClientPIN", 4) => "changePIN",
        ("authenticatorClientPIN", 5) => "getPinToken",
        ("authenticatorClientPIN", 6) => "getPinUvAuthTokenUsingUvWithPermissions",
        ("authenticatorClientPIN", 7) => "getUVRetries",
        ("authenticatorClientPIN", 9) => "getPinUvAuthTokenUsingPinWithPermissions",
        ("authenticatorBioEnrollment", 1) => "enrollBegin",
        ("authenticatorBioEnrollment", 2) => "enrollCaptureNextSample",
        ("authenticatorBioEnrollment", 3) => "cancelCurrentEnrollment",
        ("authenticatorBioEnrollment", 4) => "enumerateEnrollments",
        ("authenticatorBioEnrollment", 5) => "setFriendlyName",
        ("authenticatorBioEnrollment", 6) => "removeEnrollment",
        ("authenticatorBioEnrollment", 7) => "getFingerprintSensorInfo",
        ("authenticatorCredentialManagement", 1) => "getCredsMetadata",
        ("authenticatorCredentialManagement", 2) => "enumerateRPsBegin",
        ("authenticatorCredentialManagement", 3) => "enumerateRPsGetNextRP",
        ("authenticatorCredentialManagement", 4) => "enumerateCredentialsBegin",
        ("authenticatorCredentialManagement", 5) => "enumerateCredentialsGetNextCredential",
        ("authenticatorCredentialManagement", 6) => "deleteCredential",
        ("authenticatorCredentialManagement", 7) => "updateUserInformation",
        ("authenticatorConfig", 1) => "enableEnterpriseAttestation",
        ("authenticatorConfig", 2) => "toggleAlwaysUv",
        ("authenticatorConfig", 3) => "setMinPINLength",
        ("authenticatorConfig", 4) => "enableLongTouchForReset",
        ("authenticatorConfig", 0xff) => "vendorPrototype",
        _ => return None,
    })
}

/// Source: CTAP 2.3 §12.1.
pub(super) fn protection(level: i128) -> Option<&'static str> {
    Some(match level {
        1 => "userVerificationOptional",
        2 => "userVerificationOptionalWithCredentialIDList",
        3 => "userVerificationRequired",
        _ => return None,
    })
}

/// Source: CTAP 2.3 §7.1.
pub(super) fn enterprise_attestation(kind: i128) -> Option<&'static str> {
    Some(match kind {
        1 => "vendor facilitated",
        2 => "platform managed",
        _ => return None,
    })
}

/// Source: CTAP 2.3 §6.7.
pub(super) fn fingerprint(member: &str, number: i128) -> Option<&'static str> {
    Some(match (member, number) {
        ("modality", 1) => "fingerprint",
        ("fingerprintKind", 1) => "touch",
        ("fingerprintKind", 2) => "swipe",
        ("lastEnrollSampleStatus", 0x00) => "good",
        ("lastEnrollSampleStatus", 0x01) => "too high",
        ("lastEnrollSampleStatus", 0x02) => "too low",
        ("lastEnrollSampleStatus", 0x03) => "too left",
        ("lastEnrollSampleStatus", 0x04) => "too right",
        ("lastEnrollSampleStatus", 0x05) => "too fast",
        ("lastEnrollSampleStatus", 0x06) => "too slow",
        ("lastEnrollSampleStatus", 0x07) => "poor quality",
        ("lastEnrollSampleStatus", 0x08) => "too skewed",
        ("lastEnrollSampleStatus", 0x09) => "too short",
        ("lastEnrollSampleStatus", 0x0a) => "merge failure",
        ("lastEnrollSampleStatus", 0x0b) => "already exists",
        ("lastEnrollSampleStatus", 0x0d) => "no user activity",
        ("lastEnrollSampleStatus", 0x0e) => "no user presence transition",
        _ => return None,
    })
}

/// Source: CTAP 2.3 §6.5.5.7.
pub(super) const PERMISSIONS: [(i128, &str); 7] =
    [(0x01, "mc"), (0x02, "ga"), (0x04, "cm"), (0x08, "be"), (0x10, "lbw"), (0x20, "acfg"), (0x40, "pcmr")];

/// Source: FIDO Registry of Predefined Values, user verification methods.
pub(super) const UV_MODALITIES: [(i128, &str); 13] = [
    (0x0001, "presence"),
    (0x0002, "fingerprint"),
    (0x0004, "passcode"),
    (0x0008, "voiceprint"),
    (0x0010, "faceprint"),
    (0x0020, "location"),
    (0x0040, "eyeprint"),
    (0x0080, "pattern"),
    (0x0100, "handprint"),
    (0x0200, "none"),
    (0x0400, "all"),
    (0x0800, "passcode external"),
    (0x1000, "pattern external"),
];
