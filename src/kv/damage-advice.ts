/**
 * What to do with a server whose data cannot be trusted. An older copy would do harm: the server would have forgotten
 * votes and entries that it has promised to keep.
 */
export const DAMAGE_ADVICE =
  "restore the data directory from a copy made after this server last ran; without one leave it off, the others go on";
