//! Two processes on one data directory.

use std::{
    fs::{self, File},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use crate::desk::{Desk, ORIGIN};

#[test]
fn a_second_process_waits_for_the_first_and_then_names_it() {
    let desk = Desk::new();
    let first = first_process(&desk);
    let begin = Instant::now();
    let second = desk.run("account list");
    assert!(begin.elapsed() >= Duration::from_secs(2), "it waited {:?}", begin.elapsed());
    let holder = "process 4711 (softhello create)";
    second.is_error(3, &[&format!("waiting for {holder}"), &format!("in use by {holder}"), "--data"]);

    // One that comes shortly before the first ends gets its turn.
    let third = desk.command("account list").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    drop(first);
    let third = third.wait_with_output().unwrap();
    assert!(third.status.success(), "{third:?}");
}

#[test]
fn the_holder_is_named_by_its_pid_and_command() {
    let desk = Desk::new();
    let child = desk
        .command(&format!("create {ORIGIN} --options create.json"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    assert!(child.wait_with_output().unwrap().status.success());
    let holder = fs::read_to_string(desk.path().join("data/lock")).unwrap();
    assert_eq!(holder, format!(r#"{{"pid":{pid},"command":"softhello create"}}"#));
}

#[test]
fn a_process_that_ends_by_itself_skips_no_count() {
    let desk = Desk::new();
    desk.run(&format!("create {ORIGIN} --options create.json")).ok();
    for count in 1..=5 {
        assert_eq!(desk.run(&format!("get {ORIGIN} --options get.json")).ok().sign_count(), count);
    }
}

/// Does with the data directory what a process does that is at work in it, until it is dropped.
fn first_process(desk: &Desk) -> File {
    fs::create_dir(desk.path().join("data")).unwrap();
    let path = desk.path().join("data/lock");
    fs::write(&path, r#"{"pid":4711,"command":"softhello create"}"#).unwrap();
    let lock = File::options().read(true).write(true).open(path).unwrap();
    lock.lock().unwrap();
    lock
}
