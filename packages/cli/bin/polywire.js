#!/usr/bin/env -S node --initial-old-space-size=256
// Received bytes count as old space. Below its first limit, some 30 MiB, a busy proxy would keep the garbage collector marking all the
// time, which costs up to a fifth of its CPU; a limit of 256 MiB takes no memory by itself.
import '../dist/main.js';
