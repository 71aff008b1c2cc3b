"""What makes it so: images, containers, networks and volumes directly on the Linux kernel."""
