//! Registrations recorded from Windows Hello: all of them parse, and what comes out of here has the same shape.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a capture that lacks a member fails its test"
)]

mod shape;

use std::{collections::BTreeSet, fs};

use data_encoding::HEXLOWER;
use serde_json::Value;
use shape::{Part, Shape};
use softhello_ctap::{
    Algorithm, AttestedCredential, AuthData, Flags,
    explain::{Kind, explain_as},
};
use softhello_windows::{Client, Computer, CreationOptions, DeviceProfile};
use uuid::{Uuid, uuid};

/// The three authenticators of Windows Hello.
const AAGUIDS: [(&str, Uuid); 3] = [
    ("hardware", uuid!("08987058-cadc-4b81-b6e1-30de50dcbe96")),
    ("vbs", uuid!("9ddd1817-af5a-4672-a2b9-3e3dd95000a9")),
    ("software", uuid!("6028b017-b1d4-4c02-b4b3-afcdafc96bb2")),
];

/// The parts of a capture that are not compared, and why.
const NOT_COMPARED: [(&str, Part, &str); 1] =
    [("tpm", Part::Statement, "no profile makes tpm statements yet: authenticator data alone are compared")];

/// One recorded registration.
struct Capture {
    source: String,
    authenticator: String,
    fmt: String,
    alg: i64,
    decoded: Value,
    attestation_object: Vec<u8>,
}

fn captures() -> Vec<Capture> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/windows-hello-captures.json");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let list: Vec<Value> = serde_json::from_str(&text).expect(path);
    assert_eq!(list.len(), 17);
    let text = |capture: &Value, member: &str| capture[member].as_str().expect(member).to_owned();
    list.into_iter()
        .map(|capture| Capture {
            source: text(&capture, "source"),
            authenticator: text(&capture, "authenticator"),
            fmt: text(&capture, "fmt"),
            alg: capture["alg"].as_i64().unwrap(),
            attestation_object: HEXLOWER.decode(text(&capture, "attestation_object").as_bytes()).unwrap(),
            decoded: capture,
        })
        .collect()
}

impl Capture {
    fn aaguid(&self) -> Uuid {
        let (_, aaguid) = AAGUIDS.into_iter().find(|(name, _)| *name == self.authenticator).unwrap();
        aaguid
    }

    fn kind(&self) -> (&str, &str, i64) {
        (&self.authenticator, &self.fmt, self.alg)
    }
}

#[test]
fn every_capture_parses_to_what_was_recorded_of_it() {
    for capture in captures() {
        let source = &capture.source;
        let shape = Shape::of(&capture.attestation_object);
        let auth_data = AuthData::parse(&shape.auth_data).unwrap_or_else(|error| panic!("{source}: {error}"));
        let AttestedCredential { aaguid, id, public_key } = auth_data.attested.clone().expect(source);
        let wants_flags = u8::from_str_radix(capture.decoded["flags"].as_str().unwrap(), 16).unwrap();
        assert_eq!(auth_data.flags, Flags(wants_flags), "{source}");
        assert_eq!(capture.decoded["sign_count"], auth_data.sign_count, "{source}");
        assert_eq!(capture.decoded["credential_id_length"], id.as_bytes().len(), "{source}");
        assert_eq!(aaguid, capture.aaguid(), "{source}");
        assert_eq!(public_key.algorithm().cose_id(), capture.alg, "{source}");
        assert_eq!(shape.fmt, capture.fmt, "{source}");
        assert_eq!(shape.attestation_alg, capture.decoded["attestation_alg"].as_i64(), "{source}");
        assert_eq!(auth_data.extensions, None, "{source}");
        // Nothing was lost: it is written as it was read.
        assert_eq!(auth_data.to_bytes(), shape.auth_data, "{source}");

        let explanation = explain_as(Kind::AttestationObject, &capture.attestation_object);
        let aaguid = aaguid.to_string();
        assert!(explanation.to_string().contains(&aaguid), "{source}: {aaguid} is not explained");
    }
}

#[test]
fn registrations_made_here_have_the_shape_of_the_captures() {
    let mut compared = BTreeSet::new();
    for capture in captures() {
        let want = Shape::of(&capture.attestation_object);
        let got = Shape::of(&registered(&capture));
        let skip: Vec<Part> =
            NOT_COMPARED.iter().filter(|(fmt, ..)| *fmt == capture.fmt).map(|(_, part, _)| *part).collect();
        let differences = want.differences(&got, &skip);
        assert!(
            differences.is_empty(),
            "{}\n{:?}: - recorded, + made here\n{differences}",
            capture.source,
            capture.kind()
        );
        let (authenticator, fmt, alg) = capture.kind();
        compared.insert((authenticator.to_owned(), fmt.to_owned(), alg, skip.is_empty()));
    }
    let compared: Vec<_> = compared
        .iter()
        .map(|(authenticator, fmt, alg, all)| (&**authenticator, &**fmt, *alg, *all))
        .collect();
    assert_eq!(
        compared,
        [
            ("hardware", "none", -257, true),
            ("hardware", "tpm", -257, false),
            ("hardware", "tpm", -7, false),
            ("software", "none", -257, true),
            ("software", "packed", -257, true),
            ("vbs", "tpm", -257, false),
        ],
        "the kinds of captures, and whether all of the attestation object was compared"
    );
}

/// What a diff of shapes looks like, so that it is of use when it is needed.
#[test]
fn shapes_that_differ_are_told_apart_by_name() {
    let captures = captures();
    let of = |fmt: &str, alg: i64| {
        captures.iter().find(|capture| capture.fmt == fmt && capture.alg == alg).unwrap()
    };
    let packed = Shape::of(&of("packed", -257).attestation_object);
    let tpm = Shape::of(&of("tpm", -7).attestation_object);
    insta::assert_snapshot!(packed.differences(&tpm, &[]), @r#"
    - attStmt: alg -257, sig 256 bytes
    + attStmt: alg -65535, sig 256 bytes, ver "2.0", x5c [1467 bytes, 1775 bytes], pubArea 118 bytes, certInfo 161 bytes
    - fmt: packed
    + fmt: tpm
    - authData: 359 bytes
    + authData: 164 bytes
    - aaguid: 6028b017-b1d4-4c02-b4b3-afcdafc96bb2
    + aaguid: 08987058-cadc-4b81-b6e1-30de50dcbe96
    - COSE key: 1: 3, 3: -257, -1: 256 bytes, -2: 65537
    + COSE key: 1: 2, 3: -7, -1: 1, -2: 32 bytes, -3: 32 bytes
    "#);
}

/// The attestation object of a registration here, asked for as the capture's was.
fn registered(capture: &Capture) -> Vec<u8> {
    let mut profile = DeviceProfile::windows_hello_software();
    profile.ctap.aaguid = capture.aaguid();
    let computer = Computer::in_memory().with_profile(profile);
    let options = CreationOptions::from_json(&format!(
        r#"{{
            "rp": {{"id": "example.org", "name": "Example"}},
            "user": {{"id": "YWRh", "name": "ada", "displayName": "Ada"}},
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "pubKeyCredParams": [{{"type": "public-key", "alg": {}}}],
            "attestation": "{}"
        }}"#,
        capture.alg,
        if capture.fmt == "packed" { "direct" } else { "none" },
    ))
    .unwrap();
    pollster::block_on(async {
        let mut device = computer.device(Computer::DEFAULT_ACCOUNT).await.unwrap();
        let client = Client::new("https://example.org").unwrap();
        let response = client.create(&mut device, &options).await.expect(&capture.source);
        let algorithm = Algorithm::from_cose_id(response.public_key_algorithm());
        assert_eq!(algorithm.map(Algorithm::cose_id), Some(capture.alg));
        response.attestation_object().to_vec()
    })
}
