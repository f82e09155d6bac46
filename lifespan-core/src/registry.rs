//! Link-time collection; the only file that names inventory or linkme.
