//! Faces and fingers.

/// The most fingers of one user. Source: Windows Hello for Business, frequently asked questions.
const MAX_FINGERPRINTS: u8 = 10;

/// What is enrolled for an account besides its PIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gestures {
    face: bool,
    fingerprints: u8,
}

impl Gestures {
    /// Enrols the face.
    pub fn enrol_face(&mut self) {
        self.face = true;
    }

    /// Enrols one more finger. Whether there was room for it.
    pub fn enrol_fingerprint(&mut self) -> bool {
        let has_room = self.fingerprints < MAX_FINGERPRINTS;
        self.fingerprints += u8::from(has_room);
        has_room
    }

    /// Whether a face is enrolled, and whether a finger is.
    pub fn enrolled(self) -> (bool, bool) {
        (self.face, self.fingerprints > 0)
    }

    /// What a person can use, in Windows' words: `Face, Fingerprint or PIN`. The PIN is always there.
    pub fn names(self) -> &'static str {
        match self.enrolled() {
            (true, true) => "Face, Fingerprint or PIN",
            (true, false) => "Face or PIN",
            (false, true) => "Fingerprint or PIN",
            (false, false) => "PIN",
        }
    }
}
