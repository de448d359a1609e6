//! The readers on systems that are odd: files in a folder stand for those of the kernel.

mod disks;
mod hostile;
mod interfaces;
mod machine;
mod processors;
