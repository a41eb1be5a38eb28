"""What main of the forge says becomes what runs: desired state, deployments, and the watch of main."""
