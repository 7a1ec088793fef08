//! A process that goes on.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::desk::Desk;

/// A process that goes on; killed when it is dropped.
pub(crate) struct Served {
    child: Child,
    /// What it printed when it was ready.
    pub(crate) ready: String,
}

impl Served {
    pub(crate) fn start(desk: &Desk, arguments: &str) -> Self {
        Self::begun(desk.command(arguments))
    }

    pub(crate) fn begun(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        assert!(ready.ends_with('\n'), "it ended instead: {:?}", child.wait_with_output().unwrap());
        Self { child, ready: ready.trim_end().to_owned() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.ready.parse().unwrap()
    }

    /// What it prints beside its output until then. Its end must not come before.
    pub(crate) fn says(&mut self, last: &str) -> String {
        let mut said = Vec::new();
        while !said.ends_with(last.as_bytes()) {
            let mut byte = [0];
            std::io::Read::read_exact(self.child.stderr.as_mut().unwrap(), &mut byte)
                .unwrap_or_else(|_| panic!("no {last:?} in {}", String::from_utf8_lossy(&said)));
            said.extend(byte);
        }
        String::from_utf8(said).unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let killed = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// The exit code and what else it printed.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
        let status = self.child.wait().unwrap();
        let mut stderr = String::new();
        std::io::Read::read_to_string(self.child.stderr.as_mut().unwrap(), &mut stderr).unwrap();
        (status.code(), stderr)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
