//! authenticatorBioEnrollment. CTAP 2.3 §6.7.

use std::time::Duration;

use softhello_ctap::{
    Answer, Permissions, Setting, Status, Template, Version, api,
    message::{BIO_ENROLLMENT_RESPONSE, GET_INFO_RESPONSE, Members, TEMPLATE_INFO},
};

use crate::{
    bench::{
        Bench, Call, Point, Reply, Request, Token, boolean, broken_store, bytes, full_key, raw_map, text,
        uint,
    },
    refusals::{assert_refused, assert_refused_by, refusal},
};

const BEGIN: u64 = 1;
const NEXT_SAMPLE: u64 = 2;
const CANCEL: u64 = 3;
const ENUMERATE: u64 = 4;
const SET_NAME: u64 = 5;
const REMOVE: u64 = 6;
const SENSOR: u64 = 7;

/// A PIN is set; no finger is enrolled; three fit, of three samples each.
fn bench() -> Bench {
    Bench::new(full_key()).without_uv().with_pin()
}

/// With these fingers.
fn enrolled(ids: &[u8]) -> Bench {
    ids.iter().fold(bench(), |bench, id| {
        bench.set(Setting::Template(Template { id: vec![*id], friendly_name: None }))
    })
}

fn request(subcommand: u64) -> Request {
    Request::new(api::BIO_ENROLLMENT).with(1, uint(1)).with(2, uint(subcommand))
}

fn with_params(subcommand: u64, params: &[(u64, Vec<u8>)]) -> Request {
    let params: Vec<_> = params.iter().map(|(key, value)| (uint(*key), value.clone())).collect();
    request(subcommand).with(3, raw_map(&params))
}

fn of_template(subcommand: u64, id: &[u8]) -> Request {
    with_params(subcommand, &[(1, bytes(id))])
}

fn name_it(id: &[u8], name: &str) -> Request {
    with_params(SET_NAME, &[(1, bytes(id)), (2, text(name))])
}

fn token(bench: &mut Bench) -> Token {
    bench.token(Permissions::BE, None)
}

fn managed(bench: &mut Bench, request: Request) -> Request {
    token(bench).authorize(request)
}

/// templateId, lastEnrollSampleStatus, remainingSamples.
fn sampled(reply: &Reply) -> (Option<Vec<u8>>, u64, u64) {
    let members = reply.members(&BIO_ENROLLMENT_RESPONSE);
    (
        members.bytes("templateId").map(<[u8]>::to_vec),
        members.uint("lastEnrollSampleStatus").unwrap(),
        members.uint("remainingSamples").unwrap(),
    )
}

/// Id and name of every template.
fn templates(bench: &mut Bench) -> Vec<(Vec<u8>, String)> {
    let request = managed(bench, request(ENUMERATE));
    let reply = bench.send(&request.bytes());
    let infos = reply.members(&BIO_ENROLLMENT_RESPONSE).array("templateInfos").unwrap();
    infos
        .map(|info| {
            let info = Members::read(&TEMPLATE_INFO, info).unwrap();
            let name = info.text("templateFriendlyName").unwrap().to_owned();
            (info.bytes("templateId").unwrap().to_vec(), name)
        })
        .collect()
}

fn options(bench: &mut Bench) -> [Option<bool>; 3] {
    let reply = bench.send(&[api::GET_INFO]);
    let options = reply.members(&GET_INFO_RESPONSE).table("options").unwrap();
    ["uv", "bioEnroll", "uvBioEnroll"].map(|name| options.bool(name))
}

#[test]
fn refusals() {
    let whole = |subcommand| match subcommand {
        BEGIN | ENUMERATE => request(subcommand),
        SET_NAME => name_it(&[1], "left"),
        other => of_template(other, &[1]),
    };
    let long = || "x".repeat(65);
    let mut rows = vec![
        refusal(
            "6.7 0 neither getModality nor subCommand",
            bench(),
            |_| Request::new(api::BIO_ENROLLMENT),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.7 0 getModality false",
            bench(),
            |_| Request::new(api::BIO_ENROLLMENT).with(6, boolean(false)),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.7 0 subCommand as text",
            bench(),
            |_| request(1).with(2, text("1")),
            Status::CborUnexpectedType,
            "Message",
        ),
        refusal(
            "6.7 1 subcommand 0",
            bench(),
            |_| request(0),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal(
            "6.7 1 subcommand 8",
            bench(),
            |_| request(8),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal(
            "6.7 3 a sample of no template",
            bench(),
            |bench| managed(bench, request(NEXT_SAMPLE)),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.7 3 a name of no template",
            bench(),
            |bench| managed(bench, with_params(SET_NAME, &[(2, text("left"))])),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.7 3 a template without a name",
            bench(),
            |bench| managed(bench, of_template(SET_NAME, &[1])),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.7 3 a removal of no template",
            bench(),
            |bench| managed(bench, with_params(REMOVE, &[])),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.7 3 templateId of another type",
            bench(),
            |bench| managed(bench, with_params(REMOVE, &[(1, text("x"))])),
            Status::CborUnexpectedType,
            "Message",
        ),
        refusal(
            "6.7 4 a name of 65 bytes, before its authentication",
            enrolled(&[1]),
            move |_| name_it(&[1], &long()).with(4, uint(2)).with(5, bytes(&[0; 32])),
            Status::InvalidLength,
            "FriendlyNameTooLong",
        ),
        refusal(
            "6.7.4 1 no room",
            enrolled(&[1, 2, 3]),
            |bench| managed(bench, request(BEGIN)),
            Status::FpDatabaseFull,
            "FingerprintsFull",
        ),
        refusal(
            "6.7.4 2 no enrolment is running",
            bench(),
            |bench| managed(bench, of_template(NEXT_SAMPLE, &[1])),
            Status::InvalidOption,
            "NoEnrollment",
        ),
        refusal(
            "6.7.4 3 declined",
            bench().user([Answer::Declined]),
            |bench| managed(bench, request(BEGIN)),
            Status::OperationDenied,
            "UserDeclined",
        ),
        refusal(
            "6.7.4 3 cancelled",
            bench().user([Answer::Cancelled]),
            |bench| managed(bench, request(BEGIN)),
            Status::KeepaliveCancel,
            "Cancelled",
        ),
        refusal(
            "6.7.6 1 no finger is enrolled",
            bench(),
            |bench| managed(bench, request(ENUMERATE)),
            Status::InvalidOption,
            "NoFingerprint",
        ),
        refusal(
            "6.7.7 1 a name for an unknown template",
            enrolled(&[1]),
            |bench| managed(bench, name_it(&[2], "left")),
            Status::InvalidOption,
            "NoFingerprint",
        ),
        refusal(
            "6.7.7 1 removal of an unknown template",
            enrolled(&[1]),
            |bench| managed(bench, of_template(REMOVE, &[2])),
            Status::InvalidOption,
            "NoFingerprint",
        ),
    ];
    let names = |what: String| -> &'static str { Box::leak(what.into_boxed_str()) };
    for subcommand in [BEGIN, NEXT_SAMPLE, ENUMERATE, SET_NAME, REMOVE] {
        let row = |step: &str, what: &str| names(format!("6.7 {step} {what}, subcommand {subcommand}"));
        let bench = || enrolled(&[1]);
        rows.push(refusal(
            row("2", "no pinUvAuthParam"),
            bench(),
            move |_| whole(subcommand),
            Status::PuatRequired,
            "PuatRequired",
        ));
        rows.push(refusal(
            row("2", "no pinUvAuthParam and no PIN"),
            Bench::new(full_key()).without_uv(),
            move |_| whole(subcommand),
            Status::PuatRequired,
            "PuatRequired",
        ));
        rows.push(refusal(
            row("3", "no modality"),
            bench(),
            move |bench| managed(bench, whole(subcommand)).without(1),
            Status::MissingParameter,
            "Message",
        ));
        rows.push(refusal(
            row("3", "an unknown modality"),
            bench(),
            move |bench| managed(bench, whole(subcommand).with(1, uint(2))),
            Status::InvalidParameter,
            "UnknownModality",
        ));
        rows.push(refusal(
            row("3", "no pinUvAuthProtocol"),
            bench(),
            move |bench| managed(bench, whole(subcommand)).without(4),
            Status::MissingParameter,
            "ProtocolMissing",
        ));
        rows.push(refusal(
            row("3", "an unknown pinUvAuthProtocol"),
            bench(),
            move |bench| managed(bench, whole(subcommand)).with(4, uint(3)),
            Status::InvalidParameter,
            "ProtocolUnsupported",
        ));
        rows.push(refusal(
            row("5", "another pinUvAuthParam"),
            bench(),
            move |bench| managed(bench, whole(subcommand)).with(5, bytes(&[0; 32])),
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ));
        rows.push(refusal(
            row("5", "a token for something else"),
            bench(),
            move |bench| {
                bench.token(Permissions::CM.with(Permissions::ACFG), None).authorize(whole(subcommand))
            },
            Status::PinAuthInvalid,
            "PermissionMissing",
        ));
    }
    assert_refused(rows);
}

#[test]
fn without_a_sensor_there_is_no_such_command() {
    let mut bench = Bench::new(crate::bench::security_key());
    let reply = bench.send(&Request::new(api::BIO_ENROLLMENT).with(6, boolean(true)).bytes());
    assert_refused_by(&reply, "8.1 1 no sensor", Status::InvalidCommand, "UnknownCommand");
}

#[test]
fn what_can_be_asked_without_authentication() {
    let mut bench = Bench::new(full_key()).without_uv();
    let reply = bench.send(&Request::new(api::BIO_ENROLLMENT).with(6, boolean(true)).bytes());
    let members = reply.members(&BIO_ENROLLMENT_RESPONSE);
    assert_eq!((members.uint("modality"), members.uint("fingerprintKind")), (Some(1), None));
    let reply = bench.send(&request(SENSOR).bytes());
    let members = reply.members(&BIO_ENROLLMENT_RESPONSE);
    let got =
        ["fingerprintKind", "maxCaptureSamplesRequiredForEnroll", "maxTemplateFriendlyName", "modality"]
            .map(|name| members.uint(name));
    assert_eq!(got, [Some(1), Some(3), Some(64), None]);
    assert_eq!(bench.send(&request(CANCEL).bytes()).response, [0], "also where nothing is enrolled");
    // A subcommand outranks getModality.
    let both = bench.send(&request(SENSOR).with(6, boolean(true)).bytes());
    assert_eq!(both.members(&BIO_ENROLLMENT_RESPONSE).uint("fingerprintKind"), Some(1));
}

#[test]
fn an_enrolment_from_the_first_sample_to_the_last() {
    let mut bench =
        bench().user([Answer::Given, Answer::Wrong, Answer::TimedOut, Answer::Given, Answer::Given]);
    assert_eq!(options(&mut bench), [Some(false), Some(false), Some(true)]);
    let token = token(&mut bench);
    let reply = bench.send(&token.authorize(request(BEGIN)).bytes());
    let (id, status, remaining) = sampled(&reply);
    let id = id.unwrap();
    assert_eq!((status, remaining), (0, 2));
    assert_eq!(reply.effects(), [Call::Sample(3)], "nothing is kept before the last sample");
    for (name, want) in
        [("poor quality", (7, 2)), ("no finger", (0x0d, 2)), ("good", (0, 1)), ("the last", (0, 0))]
    {
        let reply = bench.send(&token.authorize(of_template(NEXT_SAMPLE, &id)).bytes());
        let (none, status, remaining) = sampled(&reply);
        assert_eq!((none, (status, remaining)), (None, want), "{name}");
    }
    assert_eq!(options(&mut bench), [Some(true), Some(true), Some(true)]);
    assert_eq!(templates(&mut bench), [(id.clone(), String::new())]);
    let reply = bench.send(&token.authorize(of_template(NEXT_SAMPLE, &id)).bytes());
    assert_eq!(reply.reason(), "PinUvAuthParamWrong", "another token is in use since");
    let request = managed(&mut bench, of_template(NEXT_SAMPLE, &id));
    let reply = bench.send(&request.bytes());
    assert_refused_by(&reply, "6.7.4 2 it is at its end", Status::InvalidOption, "NoEnrollment");
}

#[test]
fn what_ends_an_enrolment_and_what_does_not() {
    for (name, disturb, goes_on) in [
        ("another command", (|bench| drop(bench.send(&[api::GET_INFO]))) as fn(&mut Bench), true),
        ("20 seconds", |bench| bench.advance(Duration::from_secs(20)), true),
        ("cancelCurrentEnrollment", |bench| drop(bench.send(&request(CANCEL).bytes())), false),
        ("a power cycle", Bench::power_cycle, false),
        (
            "another enrolment",
            |bench| {
                let request = managed(bench, request(BEGIN));
                assert_eq!(bench.send(&request.bytes()).status(), Status::Ok);
            },
            false,
        ),
    ] {
        let mut bench = bench();
        let begin = managed(&mut bench, request(BEGIN));
        let id = sampled(&bench.send(&begin.bytes())).0.unwrap();
        disturb(&mut bench);
        let next = managed(&mut bench, of_template(NEXT_SAMPLE, &id));
        let reply = bench.send(&next.bytes());
        if goes_on {
            assert_eq!(sampled(&reply), (None, 0, 1), "{name}");
        } else {
            let name = format!("6.7.4 2 after {name}");
            assert_refused_by(&reply, &name, Status::InvalidOption, "NoEnrollment");
        }
    }
    // One that has no room cancels the running one as well.
    let mut bench = enrolled(&[1, 2]);
    let begin = managed(&mut bench, request(BEGIN));
    let id = sampled(&bench.send(&begin.bytes())).0.unwrap();
    let mut bench = bench.set(Setting::Template(Template { id: vec![3], friendly_name: None }));
    let begin = managed(&mut bench, request(BEGIN));
    assert_eq!(bench.send(&begin.bytes()).status(), Status::FpDatabaseFull);
    let next = managed(&mut bench, of_template(NEXT_SAMPLE, &id));
    assert_eq!(bench.send(&next.bytes()).reason(), "NoEnrollment");
}

#[test]
fn a_cancelled_sample_does_not_end_the_enrolment() {
    for answer in [Answer::Cancelled, Answer::Declined] {
        let mut bench = bench().user([Answer::Given, answer, Answer::Given]);
        let token = token(&mut bench);
        let id = sampled(&bench.send(&token.authorize(request(BEGIN)).bytes())).0.unwrap();
        let next = token.authorize(of_template(NEXT_SAMPLE, &id));
        assert_ne!(bench.send(&next.bytes()).status(), Status::Ok);
        assert_eq!(sampled(&bench.send(&next.bytes())), (None, 0, 1), "{answer:?}");
    }
}

#[test]
fn a_sample_that_is_dropped_does_not_end_the_enrolment() {
    let mut bench = bench();
    let token = token(&mut bench);
    let id = sampled(&bench.send(&token.authorize(request(BEGIN)).bytes())).0.unwrap();
    let next = token.authorize(of_template(NEXT_SAMPLE, &id)).bytes();
    bench.abort_at_ask(&next);
    assert_eq!(sampled(&bench.send(&next)), (None, 0, 1));
}

/// A sample belongs to the template that is being enrolled, and to no other.
#[test]
fn another_template_id_does_not_disturb() {
    let mut bench = bench();
    let token = token(&mut bench);
    let id = sampled(&bench.send(&token.authorize(request(BEGIN)).bytes())).0.unwrap();
    let other = bench.send(&token.authorize(of_template(NEXT_SAMPLE, &[9])).bytes());
    assert_refused_by(&other, "6.7.4 2 another template", Status::InvalidOption, "NoEnrollment");
    let next = bench.send(&token.authorize(of_template(NEXT_SAMPLE, &id)).bytes());
    assert_eq!(sampled(&next), (None, 0, 1));
}

#[test]
fn parameters_are_authenticated_as_they_came() {
    let mut bench = bench();
    let token = token(&mut bench);
    let begin = with_params(BEGIN, &[(3, uint(10_000))]);
    let reply = bench.send(&token.authorize(begin.clone()).bytes());
    assert_eq!(reply.status(), Status::Ok);
    assert_eq!(reply.effects(), [Call::Sample(3)]);
    // As if there were no parameters.
    let wrong = bench.send(&token.over(begin, &[1, 1]).bytes());
    assert_eq!(wrong.reason(), "PinUvAuthParamWrong");
    // enumerateEnrollments has none, and what is sent as such is not authenticated.
    let mut bench = enrolled(&[1]);
    let request = with_params(ENUMERATE, &[(3, uint(1))]);
    let token = self::token(&mut bench);
    assert_eq!(bench.send(&token.over(request, &[1, 4]).bytes()).status(), Status::Ok);
}

#[test]
fn names_and_removal() {
    let mut bench = enrolled(&[1, 2]);
    for name in ["left index", &*"x".repeat(64), "", "ümlaut"] {
        let request = managed(&mut bench, name_it(&[2], name));
        assert_eq!(bench.send(&request.bytes()).response, [0]);
        assert_eq!(templates(&mut bench), [(vec![1], String::new()), (vec![2], name.to_owned())]);
    }
    let request = managed(&mut bench, of_template(REMOVE, &[1]));
    assert_eq!(bench.send(&request.bytes()).response, [0]);
    assert_eq!(templates(&mut bench), [(vec![2], "ümlaut".to_owned())]);
    let request = managed(&mut bench, of_template(REMOVE, &[2]));
    assert_eq!(bench.send(&request.bytes()).response, [0]);
    assert_eq!(options(&mut bench)[..2], [Some(false), Some(false)]);
    let request = managed(&mut bench, self::request(ENUMERATE));
    let reply = bench.send(&request.bytes());
    assert_refused_by(&reply, "6.7.6 1 the last was removed", Status::InvalidOption, "NoFingerprint");
}

#[test]
fn a_failing_store_enrols_nothing() {
    let mut bench = bench();
    let token = token(&mut bench);
    let id = sampled(&bench.send(&token.authorize(request(BEGIN)).bytes())).0.unwrap();
    let next = token.authorize(of_template(NEXT_SAMPLE, &id));
    assert_eq!(bench.send(&next.bytes()).status(), Status::Ok);
    let mut bench = bench.fail(Point::Commit, broken_store());
    let reply = bench.send(&next.bytes());
    assert_eq!((reply.status(), reply.reason()), (Status::CtapOther, "Host"));
    assert!(bench.settings().templates.is_empty());
    reply.assert_noted("the last sample");
    // The sample has to be made again, and then it is.
    assert_eq!(sampled(&bench.send(&next.bytes())), (None, 0, 0));
}

#[test]
fn a_token_is_not_used_up_by_enrolling() {
    let mut bench = enrolled(&[1]);
    let token = token(&mut bench);
    for _ in 0..3 {
        assert_eq!(bench.send(&token.authorize(request(ENUMERATE)).bytes()).status(), Status::Ok);
    }
}

#[test]
fn the_prototype_is_the_command_that_it_became() {
    let preview = |mut request: Vec<u8>| {
        request[0] = api::BIO_ENROLLMENT_PREVIEW;
        request
    };
    let mut profile = full_key();
    let reply = Bench::new(profile.clone()).send(&preview(request(SENSOR).bytes()));
    assert_eq!(reply.status(), Status::InvalidCommand);
    profile.versions.push(Version::Fido21Pre);
    let mut bench = Bench::new(profile).without_uv().with_pin();
    assert_eq!(bench.send(&preview(request(SENSOR).bytes())).status(), Status::Ok);
    let begin = managed(&mut bench, request(BEGIN));
    let id = sampled(&bench.send(&preview(begin.bytes()))).0.unwrap();
    let next = managed(&mut bench, of_template(NEXT_SAMPLE, &id));
    assert_eq!(sampled(&bench.send(&preview(next.bytes()))), (None, 0, 1));
}
