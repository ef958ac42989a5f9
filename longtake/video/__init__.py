"""Probe, decode and cut raw footage, in guarded worker processes; `longtake.video.guard` is the way in."""
