//! Stand-ins for what lies outside the building: an SMS gateway, a mail server, a PBX.
