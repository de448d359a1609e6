//! Values as tables, in a dialog from which they are copied.
//!
//! | file | subject |
//! | --- | --- |
//! | `dialog` | the dialog: one table, and the controls that change it |
//! | `statistics` | statistics of a selected span: a row for each series |
//! | `columns` | the values of one series in the view: a row for each part of time |

pub(super) mod columns;
pub(super) mod dialog;
pub(super) mod statistics;
