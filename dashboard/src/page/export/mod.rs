//! What leaves the page: values as CSV, a panel as a picture, the address of what is shown.
//!
//! | file | subject |
//! | --- | --- |
//! | `values` | the values of some series over a span, and their CSV |
//! | `requests` | queries for values that the page does not hold |
//! | `picture` | a panel as a PNG |
//! | `clipboard`, `download` | the ways out of the browser |

pub(super) mod clipboard;
pub(super) mod download;
pub(super) mod picture;
pub(super) mod requests;
pub(super) mod values;
