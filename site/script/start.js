"use strict";
if (byId("clips-data")) startPlayer();
