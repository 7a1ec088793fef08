//! What members and their values mean.

use uuid::Uuid;

use super::{
    Node, glossary, head,
    walk::{Place, Scalar},
};
use crate::message::{
    BIO_ENROLLMENT_PARAMS, COMPOUND_ENTRY, COSE_KEY, CREDENTIAL_MANAGEMENT_PARAMS, EXTENSIONS, HMAC_SECRET,
    Key, Kind, SET_MIN_PIN_LENGTH, VENDOR_PROTOTYPE_PARAMS,
};

/// As many characters of a text are repeated in its annotation; its bytes are shown whole.
const LONGEST_QUOTE: usize = 80;

/// A section of a specification, from the way tables write it.
pub(super) fn cite(section: &str) -> String {
    match section.strip_prefix("WebAuthn ") {
        Some(section) => format!("WebAuthn L3 §{section}"),
        None => format!("CTAP 2.3 §{section}"),
    }
}

/// So many bytes, in words.
pub(super) fn count(len: usize) -> String {
    if len == 1 { "1 byte".to_owned() } else { format!("{len} bytes") }
}

/// The beginning of a text in quotes, without anything that a terminal would act upon.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// Authenticator models that this project is about.
pub(super) fn model(aaguid: Uuid) -> Option<&'static str> {
    let models = [
        (Uuid::from_u128(0x6028b017_b1d4_4c02_b4b3_afcdafc96bb2), "Windows Hello Software Authenticator"),
        (Uuid::from_u128(0x9ddd1817_af5a_4672_a2b9_3e3dd95000a9), "Windows Hello VBS Hardware Authenticator"),
        (Uuid::from_u128(0x08987058_cadc_4b81_b6e1_30de50dcbe96), "Windows Hello Hardware Authenticator"),
        (Uuid::nil(), "no model is named"),
    ];
    models.into_iter().find(|(id, _)| *id == aaguid).map(|(_, name)| name)
}

static EXTENSION_MAP: Kind = Kind::Table(&EXTENSIONS);
static STATEMENT_MAP: Kind = Kind::Table(&crate::message::ATTESTATION_STATEMENT);
static COMPOUND: Kind = Kind::Array(&Kind::Table(&COMPOUND_ENTRY));
static HMAC_SECRET_MAP: Kind = Kind::Table(&HMAC_SECRET);
static BIO_PARAMS_MAP: Kind = Kind::Table(&BIO_ENROLLMENT_PARAMS);
static MANAGEMENT_PARAMS_MAP: Kind = Kind::Table(&CREDENTIAL_MANAGEMENT_PARAMS);
static SET_MIN_PIN_LENGTH_MAP: Kind = Kind::Table(&SET_MIN_PIN_LENGTH);
static VENDOR_PROTOTYPE_MAP: Kind = Kind::Table(&VENDOR_PROTOTYPE_PARAMS);

/// What a member is, where its own table leaves that to the command: the codec passes such members on unread.
pub(super) fn refine(place: Place, major: u8) -> Option<&'static Kind> {
    match (place.table.name, place.field.name, major) {
        (_, "extensions" | "unsignedExtensionOutputs", head::MAP) => Some(&EXTENSION_MAP),
        (_, "attStmt", head::MAP) => Some(&STATEMENT_MAP),
        // WebAuthn Level 3 §8.9: a compound statement is an array of statements.
        (_, "attStmt", head::ARRAY) => Some(&COMPOUND),
        ("extensions", "hmac-secret" | "hmac-secret-mc", head::MAP) => Some(&HMAC_SECRET_MAP),
        ("authenticatorBioEnrollment", "subCommandParams", _) => Some(&BIO_PARAMS_MAP),
        ("authenticatorCredentialManagement", "subCommandParams", _) => Some(&MANAGEMENT_PARAMS_MAP),
        ("authenticatorConfig", "subCommandParams", _) if place.selector == Some(0xff) => {
            Some(&VENDOR_PROTOTYPE_MAP)
        }
        ("authenticatorConfig", "subCommandParams", _) if place.selector == Some(3) => {
            Some(&SET_MIN_PIN_LENGTH_MAP)
        }
        _ => None,
    }
}

/// Names the key of a member, and says what the member is for.
pub(super) fn name(place: Place, key: &mut Node) {
    let is_cose = std::ptr::eq(place.table, &COSE_KEY);
    let name = match (is_cose, place.selector, place.field.name) {
        (true, Some(3), "crv") => "n",
        (true, Some(3), "x") => "e",
        (true, Some(7), "crv") => "pub",
        (_, _, name) => name,
    };
    key.label = match place.field.key {
        Key::Int(number) if is_cose => format!("{name} ({number})"),
        Key::Int(number) => format!("{name} (0x{number:02x})"),
        Key::Text(_) => name.to_owned(),
    };
    key.value.clear();
    let gloss = match (is_cose, place.selector, name) {
        (true, Some(1), "x") => Some("public key"),
        _ => glossary::gloss(place.table.name, name),
    };
    if let Some(gloss) = gloss {
        key.note_more(gloss);
    }
}

/// Adds to the node of a value what the value means.
pub(super) fn describe(place: Place, scalar: Scalar<'_>, node: &mut Node) {
    match scalar {
        Scalar::Int(number) => {
            if let Some(name) = number_name(place, number) {
                node.value.push_str(&format!(" ({name})"));
            }
        }
        Scalar::Bytes(bytes) => describe_bytes(place, bytes, node),
        Scalar::Text(text) => {
            let note = match place.field.name {
                "fmt" | "attestationFormats" | "attestationFormatsPreference" => glossary::format(text),
                "versions" => glossary::version(text),
                "extensions" => glossary::gloss("extensions", text),
                _ => None,
            };
            if let Some(note) = note {
                node.note_more(note);
            }
        }
        Scalar::Other => {}
    }
}

fn describe_bytes(place: Place, bytes: &[u8], node: &mut Node) {
    match (place.field.name, bytes) {
        ("aaguid", _) => {
            if let Ok(aaguid) = Uuid::from_slice(bytes) {
                node.value = aaguid.to_string();
                if let Some(model) = model(aaguid) {
                    node.note_more(model);
                }
            }
        }
        // RSA's public exponent, which has the key of an x-coordinate.
        ("x", [.., _]) if place.selector == Some(3) && bytes.len() <= 8 => {
            let exponent = bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            node.value.push_str(&format!(" ({exponent})"));
        }
        ("crv", _) if place.selector == Some(3) => node.value.push_str(&format!(" ({} bits)", bits(bytes))),
        ("pinComplexityPolicyURL", _) => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                node.value = quote(text);
            }
        }
        _ => {}
    }
}

/// How many bits the number has.
fn bits(bytes: &[u8]) -> usize {
    let significant = bytes.iter().skip_while(|byte| **byte == 0);
    let mut rest = significant.clone();
    let top = rest.next().map_or(0, |top| 8 - top.leading_zeros());
    rest.count() * 8 + usize::try_from(top).unwrap_or_default()
}

fn number_name(place: Place, number: i128) -> Option<String> {
    let name = match place.field.name {
        "alg" => glossary::algorithm(number),
        "kty" => glossary::key_type(number),
        "crv" => glossary::curve(number),
        "subCommand" => glossary::sub_command(place.table.name, number),
        "authenticatorConfigCommands" => glossary::sub_command("authenticatorConfig", number),
        "credProtect" => glossary::protection(number),
        "enterpriseAttestation" => glossary::enterprise_attestation(number),
        "modality" | "fingerprintKind" | "lastEnrollSampleStatus" => {
            glossary::fingerprint(place.field.name, number)
        }
        "permissions" => return Some(flags(number, &glossary::PERMISSIONS)),
        "uvModality" => return Some(flags(number, &glossary::UV_MODALITIES)),
        _ => None,
    };
    name.map(str::to_owned)
}

/// The names of the bits that are set.
fn flags(number: i128, names: &[(i128, &str)]) -> String {
    let set: Vec<&str> = names.iter().filter(|(bit, _)| number & bit != 0).map(|(_, name)| *name).collect();
    if set.is_empty() { "no known bit".to_owned() } else { set.join(", ") }
}
