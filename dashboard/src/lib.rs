//! The page.
pub mod link;
pub mod store;
pub mod surface;
pub mod view;
