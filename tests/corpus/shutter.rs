/// The two leaves of the shutter.
pub struct Shutter {
    open: bool,
}

impl Shutter {
    /// Opens both leaves, the upper one first.
    pub fn open(&mut self) {
        self.open = true;
    }
}

fn main() {}
