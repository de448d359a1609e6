//! The space of a file system.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub bytes: u64,
    pub free_bytes: u64,
    /// Free for others than root.
    pub available_bytes: u64,
    /// 0 if the file system does not limit their number.
    pub inodes: u64,
    pub free_inodes: u64,
    pub access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    ReadWrite,
    ReadOnly,
}

impl Space {
    pub(in crate::ingest::host) const fn used_bytes(&self) -> u64 {
        self.bytes.saturating_sub(self.free_bytes)
    }

    /// The used share of what others than root may use, as `df` computes it: 0 to 1.
    pub(in crate::ingest::host) fn used_share(&self) -> f64 {
        let used = self.used_bytes();
        used as f64 / used.saturating_add(self.available_bytes).max(1) as f64
    }

    /// `None` if the file system does not limit the number of inodes.
    pub(in crate::ingest::host) fn used_inodes_share(&self) -> Option<f64> {
        let used = self.inodes.saturating_sub(self.free_inodes);
        (self.inodes > 0).then(|| used as f64 / self.inodes as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_used_share_is_that_of_what_others_than_root_may_use() {
        let (bytes, free_bytes, available_bytes) = (100, 50, 30);
        let space = Space { bytes, free_bytes, available_bytes, inodes: 0, free_inodes: 0, access: Access::ReadWrite };
        assert_eq!((space.used_share().to_bits(), space.used_inodes_share()), (0.625_f64.to_bits(), None));
        let damaged = Space { free_bytes: 200, inodes: 4, free_inodes: 3, ..space };
        assert_eq!((damaged.used_share().to_bits(), damaged.used_inodes_share()), (0.0_f64.to_bits(), Some(0.25)));
    }
}
