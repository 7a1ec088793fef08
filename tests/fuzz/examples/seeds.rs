//! Writes the seeds: `cargo run --example seeds`, here in `tests/fuzz`.

use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    for (target, name, bytes) in softhello_fuzz::seeds() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(name), bytes)?;
    }
    Ok(())
}
