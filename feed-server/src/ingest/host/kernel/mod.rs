//! The texts in which Linux states its counters, as bytes. Reads no file and allocates nothing for a value.
//!
//! | file | text |
//! | --- | --- |
//! | `fields` | lines, fields and numbers |
//! | `stat`, `schedstat` | `/proc/stat`, `/proc/schedstat`: processors |
//! | `keyed` | `/proc/meminfo`, `/proc/vmstat`, `cpu.stat`: a name and a number a line |
//! | `pressure` | `/proc/pressure/*` and `*.pressure` of a control group |
//! | `io_stat` | `io.stat` of a control group |
//! | `pid_stat` | `/proc/PID/stat`: a process |
//! | `cpu_list` | `/sys/devices/system/cpu/online`: numbers of processors |
//! | `diskstats`, `net_dev` | `/proc/diskstats`, `/proc/net/dev`: devices |
//! | `net_counters` | `/proc/net/snmp`, `/proc/net/netstat`: TCP and UDP |
//!
//! The texts are of foreign origin where a container or a user's file system provides them: any bytes are accepted. A line
//! that is not understood is skipped and counted.

pub mod cpu_list;
pub mod diskstats;
pub mod fields;
pub mod io_stat;
pub mod keyed;
pub mod net_counters;
pub mod net_dev;
pub mod pid_stat;
pub mod pressure;
pub mod schedstat;
pub mod stat;

/// Lines that were not understood.
pub type Skipped = u32;
