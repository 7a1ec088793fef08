//! The channels that INIT gave out.

use super::BROADCAST;

/// The channels in use, the least recently used first.
#[derive(Debug, Default)]
pub(super) struct Channels(Vec<u32>);

impl Channels {
    /// So many are remembered: a host that asks for ever new ones takes no more memory than that.
    pub(super) const MAX: usize = 64;

    /// Whether this channel was given out; then it is the most recently used.
    pub(super) fn touch(&mut self, cid: u32) -> bool {
        match self.0.iter().position(|known| *known == cid) {
            Some(at) => {
                self.0.remove(at);
                self.0.push(cid);
                true
            }
            None => false,
        }
    }

    /// A new channel. `keep` is not forgotten for it.
    pub(super) fn allocate(&mut self, random: &mut dyn FnMut(&mut [u8]), keep: Option<u32>) -> u32 {
        let cid = loop {
            let mut bytes = [0; 4];
            random(&mut bytes);
            let cid = u32::from_be_bytes(bytes);
            if cid != 0 && cid != BROADCAST && !self.0.contains(&cid) {
                break cid;
            }
        };
        self.adopt(cid, keep);
        cid
    }

    /// Takes a channel that a host chose by itself for one that was given out.
    pub(super) fn adopt(&mut self, cid: u32, keep: Option<u32>) {
        if self.0.len() >= Self::MAX {
            let oldest = self.0.iter().position(|known| Some(*known) != keep);
            oldest.map(|at| self.0.remove(at));
        }
        self.0.push(cid);
    }
}
