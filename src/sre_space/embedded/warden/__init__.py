"""The warden of the embedded space: what a kernel's control groups would do, on a machine without them."""
