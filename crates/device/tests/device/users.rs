//! Whoever sits before the device: a script, or someone who is asked.

use std::{
    collections::VecDeque,
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, Mutex},
};

use softhello_ctap::{Event, Gesture, Status};
use softhello_device::{Prompt, PromptAnswer, Script, User};
use zeroize::Zeroizing;

use crate::bench::{Bench, Create, make_credential};

/// Answers in order, and remembers for each prompt whether a PIN was wanted.
#[derive(Clone, Default)]
struct Person {
    answers: Arc<Mutex<VecDeque<PromptAnswer>>>,
    wanted: Arc<Mutex<Vec<bool>>>,
}

impl Prompt for Person {
    fn ask<'a>(
        &'a mut self,
        _: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        self.wanted.lock().unwrap().push(wants_pin);
        let answer = self.answers.lock().unwrap().pop_front().expect("no more answers than prompts");
        Box::pin(ready(answer))
    }
}

fn typed(pin: &str) -> PromptAnswer {
    PromptAnswer::Pin(Zeroizing::new(pin.to_owned()))
}

#[test]
fn scripts_that_refuse() {
    for (profile, script, status, name) in [
        ("windows-hello-software", Script::Decline, Status::OperationDenied, "UserDeclined"),
        ("windows-hello-software", Script::Timeout, Status::UserActionTimeout, "UvTimeout"),
        ("security-key", Script::Decline, Status::OperationDenied, "UserDeclined"),
        ("security-key", Script::Timeout, Status::OperationDenied, "UserTimeout"),
    ] {
        let mut bench = Bench::of(profile);
        bench.create(&Create::kept(profile)).unwrap();
        // Nothing was typed, so that it costs no attempt, however often.
        for _ in 0..10 {
            let refused = bench.user(script).get(&[]).unwrap_err();
            assert_eq!((refused.status, refused.name()), (status, name), "{profile} {script:?}");
        }
        bench.user(Script::Approve).get(&[]).unwrap();
    }
}

#[test]
fn a_wrong_pin_does_not_spoil_a_mere_touch() {
    let mut bench = Bench::of("security-key");
    bench.user(Script::WrongPin);
    let id = bench.create(&Create::default()).unwrap().id;
    assert_eq!(bench.get(&[&id]).unwrap().flags, 0x01);
}

#[test]
fn what_a_person_types_is_compared_with_the_pin() {
    for (name, answers, want) in [
        ("right", vec![typed("123456")], Ok(())),
        ("wrong, then right", vec![typed("123457"), typed("123456")], Ok(())),
        ("wrong three times", vec![typed("1234"), typed(""), typed("1234567")], Err("UvFailed")),
        ("yes is no PIN", vec![PromptAnswer::Yes, typed("123456")], Ok(())),
        ("no", vec![PromptAnswer::No], Err("UserDeclined")),
        ("wrong, then no", vec![typed("0000"), PromptAnswer::No], Err("UserDeclined")),
        ("nothing", vec![PromptAnswer::Nothing], Err("UvTimeout")),
        ("cancelled", vec![PromptAnswer::Cancelled], Err("Cancelled")),
    ] {
        let person = Person { answers: Arc::new(Mutex::new(answers.into())), ..Person::default() };
        let mut bench = Bench::hello();
        bench.device.set_user(User::Prompt(Box::new(person.clone())));
        let got = bench.create(&Create::default()).map(drop).map_err(|refused| refused.name());
        assert_eq!(got, want, "{name}");
        assert!(person.answers.lock().unwrap().is_empty(), "{name}: not everything was asked");
        assert!(person.wanted.lock().unwrap().iter().all(|wanted| *wanted), "{name}: a PIN is wanted");
    }
}

/// The sensor of this profile knows its user by something else, also where the container has a PIN.
#[test]
fn a_profile_that_verifies_without_a_pin_asks_for_none() {
    let person = Person::default();
    let mut bench = Bench::of("synced-passkey");
    bench.device.set_user(User::Prompt(Box::new(person.clone())));
    person.answers.lock().unwrap().extend([PromptAnswer::Yes, PromptAnswer::Yes]);
    let verified = bench.create(&Create { options: &[("uv", true)], ..Create::default() }).unwrap();
    let touched = bench.get(&[&verified.id]).unwrap();
    assert_eq!((verified.flags, touched.flags), (0x5d, 0x19));
    assert_eq!(*person.wanted.lock().unwrap(), [false, false]);
}

#[test]
fn a_listener_hears_the_request_the_steps_and_the_response() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut bench = Bench::hello();
    let events = Arc::clone(&heard);
    bench.device = bench.device.with_listener(move |event| events.lock().unwrap().push(event));
    let request = make_credential(&Create::default());
    let response = bench.send(&request).response;
    let heard = heard.lock().unwrap();
    assert!(matches!(&heard[0], Event::Request(bytes) if *bytes == request));
    let last = heard.last().unwrap();
    assert!(matches!(last, Event::Response { status: Status::Ok, bytes } if *bytes == response));
    let steps: Vec<_> = heard[1..heard.len() - 1]
        .iter()
        .map(|event| match event {
            Event::Step { step, outcome } => format!("{} {}: {outcome}", step.section, step.number),
            Event::Stored { request, answer, refused: false } => format!("container: {request}: {answer}"),
            Event::Asked { gesture, answer } => format!("user: {gesture}: {answer:?}"),
            other => panic!("{other:?} amid the steps"),
        })
        .collect();
    insta::assert_snapshot!(steps.join("\n"), @r"
    6.1.2 1: does not apply: there is no pinUvAuthParam
    6.1.2 2: does not apply: there is no pinUvAuthParam
    6.1.2 3: ES256
    6.1.2 5.1: no uv
    6.1.2 5.2: does not apply: there is none
    6.1.2 5.3: passed
    6.1.2 5.4: passed
    6.1.2 5.5: passed
    6.1.2 6: passed
    6.1.2 8: passed
    6.1.2 9: does not apply: it was not asked for
    6.1.2 10: does not apply: verification is asked for or needed where it is set up
    6.5.3.1 1: passed
    container: 4 attempts at verification left: done, durably
    6.5.3.1 4.1: passed
    user: verification for example.org: Given
    container: 5 attempts at verification left: done, durably
    6.5.3.1 4.2: passed
    6.1.2 11: passed
    6.1.2 12: does not apply: there is no list
    6.1.2 13: passed
    6.1.2 15: passed
    6.1.2 16: ES256
    6.1.2 19: none
    container: keep a credential of example.org: done, durably
    6.1.2 17: passed
    ");
}
