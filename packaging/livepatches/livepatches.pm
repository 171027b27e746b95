# SPDX-License-Identifier: GPL-3.0-or-later
# dh --with=livepatches
use strict;
use warnings;
use Debian::Debhelper::Dh_Lib;

insert_after("dh_install", "dh_livepatches");
# They are taken by their build ID and the names in them, by people and by ulp.
add_command_options("dh_strip", "-X/usr/lib/livepatches/");
add_command_options("dh_dwz", "-X/usr/lib/livepatches/");
# They are loaded by ulp, never by the dynamic linker.
add_command_options("dh_makeshlibs", "-X/usr/lib/livepatches/");

1;
